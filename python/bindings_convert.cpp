// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// Errors, paths, text and reports on their way to and from Python.
#include <algorithm>

#include "python/bindings.hpp"

namespace nnlock::python {
namespace {

struct KindRow {
  ErrorCode code;
  const char* kind;
};

// The words of spec/lock-v1.md section 10; nnlock._errors has a class for each.
constexpr KindRow kind_table[] = {
    {ErrorCode::usage, "usage"},
    {ErrorCode::wrong_key, "wrong-key"},
    {ErrorCode::bad_key_file, "bad-key-file"},
    {ErrorCode::tampered, "tampered"},
    {ErrorCode::bad_record, "bad-record"},
    {ErrorCode::bad_model, "bad-model"},
    {ErrorCode::nothing_to_lock, "nothing-to-lock"},
    {ErrorCode::not_locked, "not-locked"},
    {ErrorCode::already_locked, "already-locked"},
    {ErrorCode::unsupported, "unsupported"},
    {ErrorCode::io, "io"},
    {ErrorCode::licence, "licence"},
};

const char* kind_of(ErrorCode code) {
  for (const KindRow& row : kind_table) {
    if (row.code == code) return row.kind;
  }
  return "usage";  // a code this file does not know can only come from a newer library
}

// An object of a class in nnlock._types. Positional, in the order of the class's fields.
template <class... Fields>
nb::object make(const char* type, Fields&&... fields) {
  return nb::module_::import_("nnlock._types").attr(type)(std::forward<Fields>(fields)...);
}

nb::object family_object(const std::optional<Family>& family) {
  if (!family) return nb::none();
  return make("Family", hex(family->id), family->version);
}

nb::object record_object(const std::optional<RecordInfo>& record) {
  if (!record) return nb::none();
  nb::object hint = nb::none();
  if (record->fingerprint_hint) hint = text(*record->fingerprint_hint);
  return make("RecordInfo", hex(record->lock_id), suite_name(record->suite), record->chunk_bytes, record->chunks,
              record->record_bytes, record->slot_bytes, family_object(record->family), hint, record->in_sidecar);
}

nb::object ring_object(const std::optional<FiniteInfo>& finite) {
  if (!finite) return nb::none();
  nb::object low = nb::none(), high = nb::none();
  if (finite->nonzero) low = nb::cast(finite->low), high = nb::cast(finite->high);
  return make("FloatRing", low, high, finite->zero, finite->keeps_sign);
}

nb::object range_object(const std::optional<RangeInfo>& range) {
  if (!range) return nb::none();
  return make("IntegerRange", range->bits, range->negative);
}

nb::tuple tensor_objects(const std::vector<TensorInfo>& tensors) {
  nb::list list;
  for (const TensorInfo& t : tensors) {
    list.append(make("TensorInfo", text(t.name), to_string(t.dtype), nb::tuple(nb::cast(t.shape)), t.offset, t.length,
                     text(t.layout), text(t.reason), ring_object(t.finite), range_object(t.range), path_text(t.file)));
  }
  return nb::tuple(list);
}

}  // namespace

void raise(const Error& error) {
  nb::object offset = nb::none();
  if (error.offset) offset = nb::cast(*error.offset);
  const nb::object exception = nb::module_::import_("nnlock._errors")
                                   .attr("from_native")(kind_of(error.code), text(error.message), text(error.hint),
                                                        path_text(error.file), text(error.tensor), offset);
  PyErr_SetObject(exception.type().ptr(), exception.ptr());
  throw nb::python_error();
}

std::string path_from(nb::handle path) {
  PyObject* encoded = nullptr;
  if (PyUnicode_FSConverter(path.ptr(), &encoded) == 0) throw nb::python_error();
  const auto owner = nb::steal<nb::bytes>(encoded);
  return {owner.c_str(), owner.size()};
}

nb::str path_text(const std::string& path) {
  return nb::steal<nb::str>(PyUnicode_DecodeFSDefaultAndSize(path.data(), static_cast<Py_ssize_t>(path.size())));
}

nb::str text(const std::string& bytes) {
  return nb::steal<nb::str>(PyUnicode_DecodeUTF8(bytes.data(), static_cast<Py_ssize_t>(bytes.size()), "backslashreplace"));
}

nb::str hex(std::span<const std::byte> bytes) {
  constexpr char digits[] = "0123456789abcdef";
  std::string out;
  for (const std::byte b : bytes) {
    out += digits[std::to_integer<unsigned>(b) >> 4];
    out += digits[std::to_integer<unsigned>(b) & 15];
  }
  return text(out);
}

std::array<std::byte, 16> id_from(const nb::bytes& bytes) {
  std::array<std::byte, 16> id{};
  const auto* data = static_cast<const std::byte*>(bytes.data());
  std::copy_n(data, std::min(bytes.size(), id.size()), id.begin());
  return id;
}

const char* suite_name(Suite suite) { return suite == Suite::aes256 ? "aes256" : "chacha20"; }

nb::object to_python(const LockReport& r) {
  nb::object sidecar = nb::none();
  if (!r.sidecar_path.empty()) sidecar = path_text(r.sidecar_path);
  const LayoutCounts& n = r.layouts;
  nb::list fallen_back;
  for (const std::string& name : r.fallen_back) fallen_back.append(text(name));
  return make("LockReport", hex(r.lock_id), r.params, r.locked_bytes, r.plain_bytes, r.record_bytes, r.chunks, text(r.kernel), sidecar,
              make("LayoutCounts", n.bytes, n.plain, n.finite, n.range, n.block), nb::tuple(fallen_back), r.files, r.copied_files);
}

nb::object to_python(const UnlockReport& r) {
  return make("UnlockReport", hex(r.lock_id), r.params, r.bytes, r.key_fits, text(r.kernel), r.files, r.set_files);
}

nb::object to_python(const ModelInfo& m) {
  return make("ModelInfo", to_string(m.format), m.file_bytes, m.restored_bytes, record_object(m.record), tensor_objects(m.params),
              tensor_objects(m.constants), m.locked_bytes, m.param_bytes, m.files);
}

nb::object to_python(const FormatFacts& f) {
  return make("FormatFacts", to_string(f.format), text(f.title), text(f.files), text(f.locked), text(f.readable), text(f.record), text(f.limits));
}

BytesView::BytesView(nb::handle object) {
  if (PyObject_GetBuffer(object.ptr(), &view_, PyBUF_SIMPLE) != 0) throw nb::python_error();
}

Progress ProgressCall::function() {
  if (callback_.is_none()) return {};
  return [this](std::uint64_t done, std::uint64_t total) { call(done, total); };
}

void ProgressCall::rethrow() const {
  if (error_) std::rethrow_exception(error_);
}

void ProgressCall::call(std::uint64_t done, std::uint64_t total) noexcept {
  if (failed_) return;
  const nb::gil_scoped_acquire acquired;
  try {
    callback_(done, total);
  } catch (...) {
    error_ = std::current_exception();
    failed_ = true;
  }
}

}  // namespace nnlock::python
