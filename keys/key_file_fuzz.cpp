// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// An accepted key, written again, stands in the accepted text.

#include <cstdlib>
#include <string_view>

#include "keys/bech32m.hpp"
#include "nnlock/keys.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto key = nnlock::MasterKey::parse(text);
  if (!key) return 0;
  if (text.find(nnlock::keys::bech32m_encode("NNLOCK-MASTER-KEY-", key->secret())) == std::string_view::npos) std::abort();
  return 0;
}
