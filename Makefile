# The two sacred commands: `make demo` shows the lock at work, `make test` proves it. Both install what they need first.
# Thin on purpose: each target is one script or one cmake preset that can be run by hand.
.DEFAULT_GOAL := build
.PHONY: build demo test test-slow bench python lab lab-smoke lab-full lab-report install-packages install-lab-packages install-slow-packages clean help

help:
	@echo "make build      the program at build/nnlock"
	@echo "make demo       lock three models, run them in stock runtimes with right, wrong and no key"
	@echo "make test       everything that proves it (installs, builds, tests; less than 30 minutes on 2 cores)"
	@echo "make test-slow  named slow lanes: LANES=\"fuzz tsan\" picks some"
	@echo "make bench      build/bench/results.json"
	@echo "make python     the Python package and stock runtimes in build/venv"
	@echo "make lab        the lab at build/nnlock-lab: attacks on locked networks (needs libtorch)"
	@echo "make lab-smoke  its tests and one small cell of each kind, under 3 minutes"
	@echo "make lab-full   every cell that has no record yet into lab/records; hours, can be stopped and started again"
	@echo "make lab-report lab/REPORT.md and its plots, from the records"

install-packages:
	scripts/install-packages.sh

install-lab-packages:
	scripts/install-packages.sh lab

install-slow-packages:
	scripts/install-packages.sh slow

build: install-packages
	scripts/build.sh

python: build
	scripts/python-env.sh

demo: python
	build/venv/bin/python examples/demo/demo.py --program build/nnlock --out build/demo

test: python install-lab-packages
	scripts/test.sh

test-slow: python install-slow-packages
	scripts/test-slow.sh $(LANES)

bench: build
	scripts/bench.sh

lab: install-lab-packages
	scripts/lab.sh build

lab-smoke: lab
	scripts/lab.sh smoke

lab-full: lab python
	scripts/lab.sh full

lab-report: lab
	scripts/lab.sh report

clean:
	rm -rf build
