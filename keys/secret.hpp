// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// The heap that secrets live in. SecretBytes itself is declared in nnlock/keys.hpp.
#pragma once

namespace nnlock::keys {

// True when the secret heap is locked in memory (never swapped). Starts OpenSSL's secure heap on first use, unless the
// process has one already. Thread-safe.
bool secret_heap_locked();

}  // namespace nnlock::keys
