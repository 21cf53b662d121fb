// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// One function per command, each in cmd_NAME.cpp; each returns the exit code of the program.
#pragma once

#include <cstddef>
#include <initializer_list>
#include <span>
#include <string>

#include "cli/args.hpp"
#include "nnlock/keys.hpp"
#include "nnlock/lock.hpp"
#include "nnlock/result.hpp"

namespace nnlock::cli {

int run_keygen(const Args& args);
int run_inspect(const Args& args);
int run_lock(const Args& args);
int run_unlock(const Args& args);
int run_verify(const Args& args);
int run_exec(const Args& args);
int run_formats(const Args& args);
int run_doctor(const Args& args);

// Reads the key file that -k or NNLOCK_KEY_FILE names; warns when others may read it. Errors: usage, io,
// bad_key_file.
Result<MasterKey> read_key(const std::string& path);

// Whether a model may be written under this name: no "-", no terminal, pipe or other device, not the key or
// the record, not even with --force. `kept` are paths of files to keep; empty ones count for nothing. Errors:
// usage.
Result<void> check_output_name(const std::string& path, std::initializer_list<std::string> kept);

// Whether a model may be read under this name: no "-". Errors: usage.
Result<void> check_model_name(const std::string& path);

// ", 3 files" or ", 1 of 3 files of a set"; empty for a model of one file.
std::string files_text(const UnlockReport& report);

std::string hex(std::span<const std::byte> bytes);  // lower case
const char* to_string(Suite suite);

}  // namespace nnlock::cli
