// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// nnlock-lab: runs one cell, trains one network, locks a file, or prints what there is.
#include <torch/torch.h>

#include <CLI/CLI.hpp>
#include <iostream>

#include "lab/attack.hpp"
#include "lab/cryptanalysis/analysis.hpp"
#include "lab/cryptanalysis/audit.hpp"
#include "lab/cryptanalysis/sbox/section.hpp"
#include "lab/failure.hpp"
#include "lab/record.hpp"
#include "lab/report/report.hpp"
#include "lab/schemes/lock_file.hpp"

namespace nnlock::lab {
namespace {

struct Options {
  Cell cell;
  std::string form = "float32", effort = "full", set = "smoke";
  std::vector<std::string> with;
  Places places{.data = "", .cache = Path(NNLOCK_SOURCE_ROOT) / "build/lab/cache", .records = Path(NNLOCK_SOURCE_ROOT) / "lab/records"};
  Path report = Path(NNLOCK_SOURCE_ROOT) / "lab/REPORT.md";
  int threads = 1;
  AuditOptions audit;
  bool json = false;
  std::string key, lock_scheme = "nnlock-v1", model_file, locked_file, sbox;
  bool missing = false;
};

void add_places(CLI::App& command, Options& options) {
  command.add_option("--data", options.places.data, "folder of the dataset; else the usual places");
  command.add_option("--cache", options.places.cache, "folder of trained weights")->capture_default_str();
  command.add_option("--records", options.places.records, "folder of records")->capture_default_str();
}

void add_target_options(CLI::App& command, Options& options, bool required) {
  command.add_option("--dataset", options.cell.dataset, "fashion, mnist or cifar10")->required(required);
  command.add_option("--model", options.cell.model, "see: nnlock-lab list")->required(required);
  command.add_option("--scheme", options.cell.scheme, "see: nnlock-lab list")->required();
  command.add_option("--weights", options.form, "float32 or int8")->capture_default_str();
  command.add_option("--seed", options.cell.seed, "of keys and of what the attack draws")->capture_default_str();
  command.add_option("--network-seed", options.cell.network_seed, "of initialisation and training order")->capture_default_str();
  command.add_option("--effort", options.effort, "smoke or full: how much training, and which budget")->capture_default_str();
  add_places(command, options);
  command.add_option("--threads", options.threads, "of one cell; cells run side by side as processes")->capture_default_str();
}

void finish(Options& options) {
  options.cell.form = form_named(options.form);
  options.cell.effort = effort_named(options.effort);
  for (const std::string& pair : options.with) {
    const std::size_t equals = pair.find('=');
    if (equals == std::string::npos) throw Failure("--with " + pair + ": no '='", "write --with NAME=VALUE");
    options.cell.with[pair.substr(0, equals)] = pair.substr(equals + 1);
  }
  at::set_num_threads(options.threads);
}

void log_line(const std::string& line) { std::cerr << line << std::endl; }

void run(Options& options) {
  finish(options);
  const bool on_file = analysis_named(options.cell.attack) != nullptr;
  if (!on_file && (options.cell.dataset.empty() || options.cell.model.empty()))
    throw Failure(options.cell.attack + " attacks networks", "name one with --dataset and --model; see nnlock-lab list");
  if (on_file && !options.cell.dataset.empty()) throw Failure(options.cell.attack + " attacks model files", "name one with --file, and no --dataset");
  const bool ran = on_file ? run_analysis(options.cell, options.places.records, log_line) : run_cell(options.cell, options.places, log_line);
  std::cout << (ran ? "ran " : "there already: ") << options.cell.name() << std::endl;
}

void train_one(Options& options) {
  finish(options);
  Workshop workshop(options.places, log_line);
  const auto scheme = make_scheme(options.cell.scheme);
  const Key key = right_key(options.cell, *scheme);
  const TrainedModel model = workshop.trained(options.cell, *scheme, key);
  auto network = build_network(options.cell.model, workshop.input_of(options.cell.dataset), 0);
  load(*network, from_safetensors(model.file, "the model"));
  scheme->wire(*network, key);
  const Answers answers = measure(*network, workshop.dataset(options.cell.dataset).test);
  std::cout << options.cell.dataset << " " << options.cell.model << " " << options.form << " (" << model.training << "): accuracy " << answers.accuracy
            << " on the whole test set" << std::endl;
}

// Places are added as they were given: the same lines may run elsewhere with other places, or with the usual ones. The count goes to stderr, out of
// the way of whatever runs the lines.
void print_cells(const CLI::App& command, const Options& options) {
  std::string places;
  for (const char* name : {"--data", "--cache", "--records"})
    if (command.count(name) > 0) places += std::string(" ") + name + " " + command.get_option(name)->as<std::string>();
  std::size_t count = 0, recorded = 0;
  for (const Study* study : studies())
    for (const Cell& cell : study->cells(effort_named(options.set))) {
      const bool there = std::filesystem::exists(record_of(cell, options.places.records));
      ++count, recorded += there;
      if (!there || !options.missing) std::cout << cell.command() << places << "\n";
    }
  std::cerr << recorded << " of " << count << " cells have records\n";
}

void print_list() {
  std::cout << "attacks\n";
  for (const Study* attack : studies()) {
    std::cout << "  " << attack->info().name << ": " << attack->info().summary << "\n    knows:";
    for (const Knows known : attack->info().knows) std::cout << " [" << to_string(known) << "]";
    std::cout << "\n";
    for (const Parameter& p : attack->info().budget)
      std::cout << "    --with " << p.name << "=" << p.full << "  (smoke: " << p.smoke << ")  " << p.meaning << "\n";
  }
  const auto line = [](const char* title, const std::vector<std::string>& names) {
    std::cout << title << "\n ";
    for (const std::string& name : names) std::cout << " " << name;
    std::cout << "\n";
  };
  line("models", model_names());
  line("models trained by others only", public_model_names());
  line("datasets", dataset_names());
  line("schemes", scheme_names());
  line("locks on files (run --file)", file_scheme_names());
}

void report(const Options& options) {
  const std::size_t count = write_report(options.places.records, options.report);
  std::cout << options.report.string() << " from " << count << " records" << std::endl;
}

void must_not_be_there(const std::string& file) {
  if (std::filesystem::exists(file)) throw Failure(file + ": it is there already", "name a new file");
}

void lock_one(const Options& options) {
  Key key = key_from_hex(options.key);
  if (options.lock_scheme == "nnlock-v1") return lock_model_file(key, options.model_file, options.locked_file, options.cell.seed);
  const auto scheme = file_scheme_named(options.lock_scheme);
  must_not_be_there(options.locked_file);
  key.bytes.resize(scheme->info().key_bits / 8);
  write_file(options.locked_file, scheme->lock(read_file(options.model_file), key, options.cell.seed));
}

// The exit status: 0 when nothing came out, 2 when the weights did or were never locked.
int audit_one(const Options& options) {
  if (!options.locked_file.empty()) must_not_be_there(options.locked_file);
  const Audit result = audit(options.model_file, options.audit, log_line);
  std::cout << (options.json ? to_json(result).text() : text_of(result));
  if (!options.locked_file.empty() && result.unlocked) write_file(options.locked_file, *result.unlocked);
  return result.verdict == Audited::held ? 0 : 2;
}

int main_of(int argc, char** argv) {
  Options options;
  CLI::App app("nnlock-lab: attacks locked networks and records what comes out");
  app.require_subcommand(1);
  auto* run_command = app.add_subcommand("run", "run one cell; its record is skipped when it is there");
  run_command->add_option("--attack", options.cell.attack, "see: nnlock-lab list")->required();
  run_command->add_option("--with", options.with, "NAME=VALUE: a budget parameter set otherwise");
  add_target_options(*run_command, options, false);
  run_command->add_option("--file", options.cell.file, "in place of --dataset and --model: a model file, below the project or the data folder");
  auto* train_command = app.add_subcommand("train", "train one network into the cache and measure it");
  add_target_options(*train_command, options, true);
  auto* cells_command = app.add_subcommand("cells", "print the commands of a set, one a line");
  cells_command->add_option("--set", options.set, "smoke or full")->capture_default_str();
  cells_command->add_flag("--missing", options.missing, "only those without a record");
  add_places(*cells_command, options);
  auto* lock_command = app.add_subcommand("lock", "lock a model file of any format so that it can be done again; for experiments only");
  lock_command->add_option("MODEL", options.model_file, "plain model file")->required();
  lock_command->add_option("OUT", options.locked_file, "locked file, which must not be there yet")->required();
  lock_command->add_option("--key", options.key, "64 hexadecimal digits; a shorter key is the first of them")->required();
  lock_command->add_option("--seed", options.cell.seed, "of the lock id")->capture_default_str();
  lock_command->add_option("--scheme", options.lock_scheme, "a lock on files, see: nnlock-lab list")->capture_default_str();
  auto* audit_command = app.add_subcommand("audit", "try everything here on a locked model file without its key, and print a verdict");
  audit_command->add_option("MODEL", options.model_file, "model file, locked or not")->required();
  audit_command->add_option("--base", options.audit.bases, "plain public model that this one may refine; may be given again");
  audit_command->add_option("--seconds", options.audit.seconds, "no search begins after that")->capture_default_str();
  audit_command->add_option("--threads", options.audit.threads, "of a search")->capture_default_str();
  audit_command->add_option("--out", options.locked_file, "new file for the unlocked model, if it comes out");
  audit_command->add_flag("--json", options.json, "for machines");
  auto* sbox_command = app.add_subcommand("sbox", "print the criteria of an S-box");
  sbox_command->add_option("NAME-OR-FILE", options.sbox, "aes, aes-inverse, present, or a file of 8 to 256 bytes, one a value")->required();
  auto* list_command = app.add_subcommand("list", "print attacks, models, datasets and schemes");
  auto* report_command = app.add_subcommand("report", "make the report from the records");
  report_command->add_option("--records", options.places.records, "folder of records")->capture_default_str();
  report_command->add_option("--out", options.report, "the report, a Markdown file; plots go into the folder plots beside it")->capture_default_str();
  CLI11_PARSE(app, argc, argv);
  if (*run_command) run(options);
  if (*train_command) train_one(options);
  if (*cells_command) print_cells(*cells_command, options);
  if (*report_command) report(options);
  if (*lock_command) lock_one(options);
  if (*audit_command) return audit_one(options);
  if (*sbox_command) std::cout << described(sbox_criteria(sbox_named(options.sbox)));
  if (*list_command) print_list();
  return 0;
}

}  // namespace
}  // namespace nnlock::lab

int main(int argc, char** argv) {
  try {
    return nnlock::lab::main_of(argc, argv);
  } catch (const nnlock::lab::Failure& failure) {
    std::cerr << "nnlock-lab: " << failure.what() << "\n  hint: " << failure.hint() << std::endl;
  } catch (const std::exception& error) {
    std::cerr << "nnlock-lab: " << error.what() << std::endl;
  }
  return 1;
}
