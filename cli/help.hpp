// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// The words of --help, as data.
#pragma once

#include <span>
#include <string>

#include "cli/args.hpp"

namespace CLI {
class App;
}

namespace nnlock::cli {

struct CommandHelp {
  const char* name;
  const char* usage;        // behind "nnlock "
  const char* description;  // first line stands in the overview
  const char* examples;     // lines of two spaces and a command
  void (*add_options)(CLI::App& app, Args& args);
};

std::span<const CommandHelp> command_table();

// The text of nnlock --help.
std::string overview();

}  // namespace nnlock::cli
