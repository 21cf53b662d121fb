// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// nnlock inspect: what a model holds, for people or as JSON.
#include <algorithm>
#include <array>
#include <cstdio>

#include "cli/commands.hpp"
#include "cli/inspect_json.hpp"
#include "cli/ui.hpp"

namespace nnlock::cli {
namespace {

constexpr std::size_t column_count = 5;
using Row = std::array<std::string, column_count>;

std::string shape_text(const std::vector<std::uint64_t>& shape) {
  std::string text = "[";
  for (const std::uint64_t n : shape) text += (text.size() > 1 ? ", " : "") + std::to_string(n);
  return text + "]";
}

std::string power_of_two(int exponent) { return "2^" + std::to_string(exponent); }

// Bounds as nnlock.1 explains them: from the first to below the second.
std::string bounds_text(const FiniteInfo& finite) {
  std::string text = finite.nonzero ? power_of_two(finite.low) + ".." + power_of_two(finite.high + 1) : "0";
  if (finite.nonzero && finite.zero) text += ", with 0";
  return finite.keeps_sign ? text + ", not negative" : text;
}

std::string bounds_text(const RangeInfo& range) {
  return (range.negative ? "-" + power_of_two(range.bits) : "0") + ".." + power_of_two(range.bits);
}

std::string layout_text(const TensorInfo& tensor) {
  if (tensor.finite) return tensor.layout + " " + bounds_text(*tensor.finite);
  if (tensor.range) return tensor.layout + " " + bounds_text(*tensor.range);
  return tensor.reason.empty() ? tensor.layout : tensor.layout + ": " + tensor.reason;
}

// What happens, or would happen, to one tensor.
std::string state_of(const TensorInfo& tensor, bool locked) {
  if (tensor.layout == "plain") return locked ? "readable, authenticated" : "readable: " + tensor.reason;
  if (tensor.layout.empty()) return tensor.reason.empty() ? "readable" : "readable: " + tensor.reason;
  return (locked ? "locked (" : "would be locked (") + layout_text(tensor) + ")";
}

void add_rows(std::vector<Row>& rows, const std::vector<TensorInfo>& tensors, bool locked) {
  for (const TensorInfo& tensor : tensors) {
    const std::string name = tensor.file.empty() ? tensor.name : tensor.file + ": " + tensor.name;
    rows.push_back({printable(name), nnlock::to_string(tensor.dtype), shape_text(tensor.shape),
                    grouped(tensor.length), printable(state_of(tensor, locked))});
  }
}

// Columns on a terminal, near enough: one for each code point.
std::size_t columns(const std::string& text) {
  return static_cast<std::size_t>(std::count_if(
      text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xc0U) != 0x80; }));
}

void print_table(const ModelInfo& model) {
  std::vector<Row> rows{{"TENSOR", "TYPE", "SHAPE", "BYTES", "STATE"}};
  add_rows(rows, model.params, model.record.has_value());
  add_rows(rows, model.constants, model.record.has_value());
  std::array<std::size_t, column_count> width{};
  for (const Row& row : rows) {
    for (std::size_t i = 0; i < column_count; ++i) width[i] = std::max(width[i], columns(row[i]));
  }
  for (const Row& row : rows) {
    std::string line;
    for (std::size_t i = 0; i + 1 < column_count; ++i) {
      const std::string padding(width[i] - columns(row[i]), ' ');
      line += (i == 3 ? padding + row[i] : row[i] + padding) + "  ";  // numbers to the right
    }
    std::printf("%s%s\n", line.c_str(), row.back().c_str());
  }
}

void print_record(const RecordInfo& record) {
  std::printf("lock id       %s\n", hex(record.lock_id).c_str());
  std::printf("suite         %s\n", to_string(record.suite));
  std::printf("chunks        %s of %s\n", grouped(record.chunks).c_str(),
              binary_size(record.chunk_bytes).c_str());
  std::printf("record        %s bytes in %s, two slots of %s\n", grouped(record.record_bytes).c_str(),
              record.in_sidecar ? "a sidecar" : "the model file", binary_size(record.slot_bytes).c_str());
  if (record.family) {
    std::printf("family        %s, version %s\n", hex(record.family->id).c_str(),
                std::to_string(record.family->version).c_str());
  } else {
    std::printf("family        none\n");
  }
  std::printf("key hint      %s\n",
              record.fingerprint_hint ? printable(*record.fingerprint_hint).c_str() : "none");
}

// Of a plain model: what locking without options would cover.
std::uint64_t lockable_bytes(const ModelInfo& model) {
  std::uint64_t bytes = 0;
  for (const TensorInfo& tensor : model.params) bytes += tensor.layout == "plain" ? 0 : tensor.length;
  return bytes;
}

void print_text(const ModelInfo& model, const std::string& path) {
  const bool locked = model.record.has_value();
  std::printf("file          %s\n", printable(path).c_str());
  std::printf("format        %s, %s bytes%s\n", nnlock::to_string(model.format),
              grouped(model.file_bytes).c_str(),
              model.files > 1 ? (" in " + std::to_string(model.files) + " files").c_str() : "");
  std::printf("locked        %s\n", locked ? "yes" : "no");
  if (locked) print_record(*model.record);
  const std::uint64_t share = locked ? model.locked_bytes : lockable_bytes(model);
  std::printf("%s  %s of %s learned bytes\n\n", locked ? "locked share" : "would lock  ",
              percent(share, model.param_bytes).c_str(), grouped(model.param_bytes).c_str());
  print_table(model);
  std::printf("\nNothing here is authenticated: that needs the key%s\n",
              locked ? " (nnlock verify -k KEY MODEL)." : ".");
}

}  // namespace

int run_inspect(const Args& args) {
  if (auto ok = check_model_name(args.model); !ok) return fail(ok.error());
  const auto model = inspect_file(args.model, args.unlock.sidecar_path);
  if (!model) return fail(model.error(), args.model);
  args.json ? print_model_json(*model, args.model) : print_text(*model, args.model);
  return 0;
}

}  // namespace nnlock::cli
