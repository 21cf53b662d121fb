// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// A PyTorch archive: a zip with one folder, in it pickles (NAME.pkl) and the storages they name (NAME/KEY).
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "formats/codec.hpp"
#include "formats/zip.hpp"

namespace nnlock::formats::pytorch {

constexpr std::string_view kRecordName = "extra/nnlock";  // below the archive's folder; readers of PyTorch call such entries extra files

// The folder that all entries stand in, with its '/'. Errors: bad_model where one stands elsewhere (torch.load() refuses it too).
Result<std::string> folder_of(std::span<const zip::Entry> entries);

// Sorts all entries of a restored archive into parameters, constants and unlockable ones. Errors: bad_model, unsupported.
Result<Structure> find_storages(std::span<const std::byte> image, std::span<const zip::Entry> entries, std::string_view folder, Budget& budget);

}  // namespace nnlock::formats::pytorch
