// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// The --json form of nnlock inspect; keys documented in nnlock.1.
#pragma once

#include <string>

#include "nnlock/lock.hpp"

namespace nnlock::cli {

void print_model_json(const ModelInfo& model, const std::string& path);

}  // namespace nnlock::cli
