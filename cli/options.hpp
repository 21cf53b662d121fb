// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// Which options each command has. Every function ties the options of one command to the members of Args.
#pragma once

#include "cli/args.hpp"

namespace CLI {
class App;
}

namespace nnlock::cli {

void add_keygen_options(CLI::App& app, Args& args);
void add_lock_options(CLI::App& app, Args& args);
void add_unlock_options(CLI::App& app, Args& args);
void add_verify_options(CLI::App& app, Args& args);
void add_inspect_options(CLI::App& app, Args& args);
void add_exec_options(CLI::App& app, Args& args);
void add_formats_options(CLI::App& app, Args& args);
void add_doctor_options(CLI::App& app, Args& args);

}  // namespace nnlock::cli
