// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
#include "cli/args.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <numeric>

#include "cli/help.hpp"
#include "cli/ui.hpp"
#include "nnlock/doctor.hpp"

namespace nnlock::cli {
namespace {

// CLI11's help with our usage line, and "--sidecar[=FILE]" written as it is typed.
class HelpFormatter : public CLI::Formatter {
 public:
  explicit HelpFormatter(std::string usage) : usage_(std::move(usage)) {
    column_width(26);
    label("Positionals", "Arguments");
  }
  std::string make_usage(const CLI::App*, std::string) const override {
    return "\nUsage: nnlock " + usage_ + "\n";
  }
  std::string make_option_opts(const CLI::Option* option) const override {
    const std::string text = CLI::Formatter::make_option_opts(option);
    return text.starts_with(" [=") ? text.substr(1) : text;
  }

 private:
  std::string usage_;
};

std::size_t edit_distance(const std::string& a, const std::string& b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 0; i < a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i + 1;
    for (std::size_t j = 0; j < b.size(); ++j) {
      const std::size_t change = diagonal + (a[i] == b[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({change, row[j] + 1, row[j + 1] + 1});
    }
  }
  return row[b.size()];
}

int unknown_command(const std::string& word) {
  for (const CommandHelp& command : command_table()) {
    if (edit_distance(word, command.name) <= 2) {
      return fail_usage("unknown command " + word, std::string("did you mean nnlock ") + command.name + "?");
    }
  }
  return fail_usage("unknown command " + word, "run nnlock --help");
}

// What stands before any command: --help, --version, or a mistake.
int answer_without_command(const std::string& word) {
  if (word == "--help" || word == "-h" || word == "help") {
    std::fputs(overview().c_str(), stdout);
    return 0;
  }
  if (word == "--version") {
    std::printf("nnlock %s\n", version());
    return 0;
  }
  if (word.empty()) return fail_usage("no command given", "run nnlock --help");
  if (word.starts_with("-"))
    return fail_usage("unknown option " + word, "commands come first; run nnlock --help");
  return unknown_command(word);
}

// exec: everything behind the first "--" belongs to the program and is never parsed as ours. Returns an exit
// code when there is no such program.
std::optional<int> split_program(std::vector<std::string>& words, Args& args) {
  const auto mark = std::find(words.begin(), words.end(), "--");
  const bool wants_help = std::find_if(words.begin(), mark, [](const std::string& word) {
                            return word == "--help" || word == "-h";
                          }) != mark;
  if (mark != words.end()) args.program.assign(mark + 1, words.end());
  words.erase(mark, words.end());
  if (wants_help) return std::nullopt;
  if (args.program.empty()) {
    return fail_usage("exec: no program given",
                      "write -- PROGRAM ARGUMENTS behind the options, with {} where the model goes");
  }
  const bool used = std::any_of(args.program.begin() + 1, args.program.end(),
                                [](const std::string& word) { return word.find("{}") != std::string::npos; });
  if (used) return std::nullopt;
  return fail_usage("exec: no argument of " + args.program[0] + " holds {}",
                    "write {} where the path of the unlocked model belongs");
}

// `words` is what was typed, in any order.
int report_parse_error(const CommandHelp& command, const CLI::ParseError& error,
                       const std::vector<std::string>& words) {
  std::string hint = std::string("run nnlock ") + command.name + " --help";
  const bool extra = dynamic_cast<const CLI::ExtrasError*>(&error) != nullptr;
  const bool bare_sidecar = std::find(words.begin(), words.end(), "--sidecar") != words.end();
  if (extra && bare_sidecar && std::string_view(command.name) == "lock")
    hint = "write --sidecar=FILE to name the record file";
  if (const auto* missing = dynamic_cast<const CLI::RequiredError*>(&error);
      missing != nullptr && std::string_view(missing->what()).starts_with("--key")) {
    hint = "give -k KEY or set NNLOCK_KEY_FILE; nnlock keygen makes a key";
  }
  return fail_usage(std::string(command.name) + ": " + error.what(), hint);
}

std::optional<int> parse_command(const CommandHelp& command, std::vector<std::string> words, Args& args) {
  args.command = command.name;
  CLI::App app(command.description, std::string("nnlock ") + command.name);
  app.formatter(std::make_shared<HelpFormatter>(command.usage));
  app.set_help_flag("-h,--help", "Show this help");
  app.footer(std::string("Examples:\n") + command.examples);
  command.add_options(app, args);
  if (args.command == "exec") {
    if (auto exit = split_program(words, args)) return exit;
  }
  try {
    app.parse(std::vector<std::string>(words.rbegin(), words.rend()));  // CLI11 takes words from the back
  } catch (const CLI::CallForHelp&) {
    std::fputs(app.help().c_str(), stdout);
    return 0;
  } catch (const CLI::ParseError& error) {
    return report_parse_error(command, error, words);
  }
  return std::nullopt;
}

}  // namespace

Parsed parse_args(int argc, const char* const* argv) {
  Parsed parsed;
  const std::vector<std::string> words(argv + std::min(argc, 2), argv + argc);
  const std::string name = argc > 1 ? argv[1] : "";
  for (const CommandHelp& command : command_table()) {
    if (name != command.name) continue;
    parsed.exit = parse_command(command, words, parsed.args);
    return parsed;
  }
  parsed.exit = answer_without_command(name);
  return parsed;
}

}  // namespace nnlock::cli
