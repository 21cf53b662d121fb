// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// nnlock formats: what the codecs say of their formats.
#include <cstdio>

#include "cli/commands.hpp"
#include "cli/json.hpp"

namespace nnlock::cli {
namespace {

struct Line {
  const char* name;
  std::string FormatFacts::*text;
};
constexpr Line lines[] = {{"title", &FormatFacts::title},
                          {"files", &FormatFacts::files},
                          {"locked", &FormatFacts::locked},
                          {"readable", &FormatFacts::readable},
                          {"record", &FormatFacts::record},
                          {"limits", &FormatFacts::limits}};

void print_text(const std::vector<FormatFacts>& formats) {
  const char* between = "";
  for (const FormatFacts& facts : formats) {
    std::printf("%s%s\n", between, to_string(facts.format));
    for (const Line& line : lines) {
      const std::string& text = facts.*line.text;
      if (!text.empty()) std::printf("  %-9s %s\n", line.name, text.c_str());
    }
    between = "\n";
  }
}

void print_json(const std::vector<FormatFacts>& formats) {
  JsonText text;
  JsonWriter json(text);
  json.StartObject();
  put(json, "schema", std::uint64_t{1});
  json.Key("formats");
  json.StartArray();
  for (const FormatFacts& facts : formats) {
    json.StartObject();
    put(json, "format", std::string(to_string(facts.format)));
    for (const Line& line : lines) put(json, line.name, facts.*line.text);
    json.EndObject();
  }
  json.EndArray();
  json.EndObject();
  std::printf("%s\n", text.GetString());
}

}  // namespace

int run_formats(const Args& args) {
  const std::vector<FormatFacts> formats = known_formats();
  args.json ? print_json(formats) : print_text(formats);
  return 0;
}

}  // namespace nnlock::cli
