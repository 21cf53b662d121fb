// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0

#include "formats/file_names.hpp"

#include <algorithm>
#include <string>

namespace nnlock::formats {
namespace {

constexpr std::size_t kLongestName = 4096;  // bytes: PATH_MAX

bool is_part(std::string_view part) { return !part.empty() && part != "." && part != ".."; }

}  // namespace

Result<void> check_relative_name(std::string_view name) {
  const auto refused = [&](const char* why) {
    return Error{.code = ErrorCode::bad_model,
                 .message = std::string("the model names a file that is not taken: ") + why,
                 .hint = "all files of a model must lie in its folder",
                 .tensor = std::string(name.substr(0, 100)),
                 .offset = 0};
  };
  if (name.empty() || name.size() > kLongestName) return refused("its name is empty or too long");
  if (name.front() == '/') return refused("its path is absolute");
  const auto odd = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == '\x7f' || c == '\\'; };
  if (std::any_of(name.begin(), name.end(), odd)) return refused("its name holds a backslash or a control character");
  for (std::size_t start = 0; start <= name.size();) {
    const std::size_t end = std::min(name.find('/', start), name.size());
    if (!is_part(name.substr(start, end - start))) return refused("its path leads out of the folder");
    start = end + 1;
  }
  return {};
}

std::string with_extension(std::string_view name, std::string_view suffix) {
  const std::size_t slash = name.rfind('/');
  const std::size_t dot = name.rfind('.');
  const bool has_one = dot != std::string_view::npos && dot != 0 && (slash == std::string_view::npos || dot > slash + 1);
  return std::string(has_one ? name.substr(0, dot) : name).append(suffix);
}

}  // namespace nnlock::formats
