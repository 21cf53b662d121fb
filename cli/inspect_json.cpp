// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
#include "cli/inspect_json.hpp"

#include <cstdio>
#include <utility>

#include "cli/commands.hpp"
#include "cli/json.hpp"

namespace nnlock::cli {
namespace {

void put_text_or_null(JsonWriter& json, const char* name, const std::optional<std::string>& text) {
  if (text) return put(json, name, *text);
  json.Key(name);
  json.Null();
}

void put_family(JsonWriter& json, const std::optional<Family>& family) {
  json.Key("family");
  if (!family) {
    json.Null();
    return;
  }
  json.StartObject();
  put(json, "id", hex(family->id));
  put(json, "version", family->version);
  json.EndObject();
}

void put_record(JsonWriter& json, const std::optional<RecordInfo>& record) {
  json.Key("record");
  if (!record) {
    json.Null();
    return;
  }
  json.StartObject();
  put(json, "lock_id", hex(record->lock_id));
  put(json, "suite", std::string(to_string(record->suite)));
  put(json, "chunk_bytes", record->chunk_bytes);
  put(json, "chunks", record->chunks);
  put(json, "record_bytes", record->record_bytes);
  put(json, "slot_bytes", record->slot_bytes);
  put(json, "in_sidecar", record->in_sidecar);
  put_family(json, record->family);
  put_text_or_null(json, "fingerprint_hint", record->fingerprint_hint);
  json.EndObject();
}

// Powers of two; null where the tensor holds zeros and subnormal numbers only.
void put_ring(JsonWriter& json, const std::optional<FiniteInfo>& finite) {
  json.Key("ring");
  if (!finite) {
    json.Null();
    return;
  }
  json.StartObject();
  for (const auto& [name, value] : {std::pair{"low", finite->low}, std::pair{"high", finite->high}}) {
    json.Key(name);
    finite->nonzero ? json.Int(value) : json.Null();
  }
  put(json, "zero", finite->zero);
  put(json, "keeps_sign", finite->keeps_sign);
  json.EndObject();
}

void put_range(JsonWriter& json, const std::optional<RangeInfo>& range) {
  json.Key("range");
  if (!range) {
    json.Null();
    return;
  }
  json.StartObject();
  put(json, "bits", static_cast<std::uint64_t>(range->bits));
  put(json, "negative", range->negative);
  json.EndObject();
}

void put_tensors(JsonWriter& json, const char* name, const std::vector<TensorInfo>& tensors) {
  json.Key(name);
  json.StartArray();
  for (const TensorInfo& tensor : tensors) {
    json.StartObject();
    put(json, "name", tensor.name);
    put(json, "file", tensor.file);
    put(json, "dtype", std::string(nnlock::to_string(tensor.dtype)));
    json.Key("shape");
    json.StartArray();
    for (const std::uint64_t n : tensor.shape) json.Uint64(n);
    json.EndArray();
    put(json, "offset", tensor.offset);
    put(json, "bytes", tensor.length);
    put(json, "layout", tensor.layout);
    put(json, "reason", tensor.reason);
    put_ring(json, tensor.finite);
    put_range(json, tensor.range);
    json.EndObject();
  }
  json.EndArray();
}

}  // namespace

void print_model_json(const ModelInfo& model, const std::string& path) {
  JsonText text;
  JsonWriter json(text);
  json.StartObject();
  put(json, "schema", std::uint64_t{1});
  put(json, "file", path);
  put(json, "format", std::string(nnlock::to_string(model.format)));
  put(json, "files", model.files);
  put(json, "file_bytes", model.file_bytes);
  put(json, "restored_bytes", model.restored_bytes);
  put(json, "locked", model.record.has_value());
  put(json, "authenticated", false);
  put(json, "param_bytes", model.param_bytes);
  put(json, "locked_bytes", model.locked_bytes);
  put_record(json, model.record);
  put_tensors(json, "params", model.params);
  put_tensors(json, "constants", model.constants);
  json.EndObject();
  std::printf("%s\n", text.GetString());
}

}  // namespace nnlock::cli
