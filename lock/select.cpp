// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0

#include "lock/select.hpp"

#include <fnmatch.h>

#include <algorithm>

namespace nnlock::lock {

bool matches_any(std::span<const std::string> globs, std::string_view name) {
  const std::string text(name);
  return std::any_of(globs.begin(), globs.end(), [&](const std::string& glob) { return ::fnmatch(glob.c_str(), text.c_str(), 0) == 0; });
}

std::vector<Parameter> select_layouts(std::span<const ParamSpan> params, std::uint32_t file,
                                      std::span<const std::string> include, std::span<const std::string> exclude) {
  std::vector<Parameter> selected;
  selected.reserve(params.size());
  for (const ParamSpan& p : params) {
    const bool wanted = (include.empty() || matches_any(include, p.name)) && !matches_any(exclude, p.name);
    selected.push_back({file, p.offset, p.length, wanted ? Layout::bytes : Layout::plain});
  }
  return selected;
}

bool locks_anything(std::span<const Parameter> params) {
  return std::any_of(params.begin(), params.end(), [](const Parameter& p) { return p.layout != Layout::plain; });
}

}  // namespace nnlock::lock
