# SPDX-FileCopyrightText: The nnlock authors
# SPDX-License-Identifier: Apache-2.0
"""Kind open: a record that is right in all, ways to break one thing of it, and the vector of one opening."""
import copy

from records import PARAMS, PLAIN, core_of, encode, opened, plain_of, seal
from scenarios import MK, pattern

LOCKED = pattern(64)                                   # any bytes are the locked form of some plain bytes
BASE = core_of(PLAIN, PARAMS)
AT = {}                                                # where the parts of GOOD begin
GOOD = seal(BASE, [LOCKED], parts=AT)
HEAD = [encode(BASE), GOOD[AT["digests"]:AT["slot0"] - 1], None]
assert encode(HEAD) == GOOD[32:AT["slot0"]]


def case(name, comment, spec, cls, record, files=None, plain=None, mk=MK, expect=None, series=None):
    opened("open", name, comment, spec, cls, record, {0: LOCKED} if files is None else files, plain, mk, expect, series)


def changed(change):
    core = copy.deepcopy(BASE)
    change(core)
    return core


def sets(index, value):
    def change(core):
        core[index] = value
    return changed(change)


def field(*path, value):
    def change(core):
        place = core
        for step in path[:-1]:
            place = place[step]
        place[path[-1]] = value
    return changed(change)


def bad_core(name, comment, spec, cls, core, params=None, series=None, **more):
    case("core-" + name, comment, spec, cls, seal(core, [LOCKED], params, **more), series=series)


def ok(name, comment, spec, files, params, m0=0, mc=None, expect=None, suite=1, chunk_log2=16, family=None, series=None, **more):
    core, locked = core_of(files, params, suite=suite, chunk_log2=chunk_log2, family=family), [f[2] for f in files]
    mc = len(files) - m0 if mc is None else mc
    case(name, comment, spec, "ok", seal(core, locked, m0=m0, mc=mc, **more), {f: locked[f] for f in range(m0, m0 + mc)},
         plain_of(core, locked, params, m0=m0, mc=mc), expect=expect, series=series)
