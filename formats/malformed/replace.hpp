// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// Changes one place of a right text, for cases of formats that are text.
#pragma once

#include <string>
#include <string_view>

namespace nnlock::formats::malformed {

// Replaces the first `from`. A case whose `from` is not there would test nothing: the text then becomes unusable.
inline std::string with(std::string_view text, std::string_view from, std::string_view to) {
  const auto at = text.find(from);
  if (at == std::string_view::npos) return "the writer found nothing to replace";
  return std::string(text.substr(0, at)).append(to).append(text.substr(at + from.size()));
}

}  // namespace nnlock::formats::malformed
