// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// lock, unlock, verify and inspect without the GIL. nnlock._api checks arguments and calls these.
#include "python/bindings.hpp"

namespace nnlock::python {
namespace {

using OptionalId = std::optional<nb::bytes>;

std::optional<Family> family_from(const OptionalId& id, std::uint64_t version) {
  if (!id) return std::nullopt;
  return Family{.id = id_from(*id), .version = version};
}

std::string path_or_empty(nb::handle path) { return path.is_none() ? std::string() : path_from(path); }

// What unlocking and verifying have in common, in the order of the arguments of each function.
struct Reading {
  Reading(nb::handle sidecar, bool decoy, const OptionalId& lock_id, const OptionalId& family, std::uint64_t least_version,
          unsigned threads, nb::object callback)
      : progress(std::move(callback)) {
    options.sidecar_path = path_or_empty(sidecar);
    options.decoy = decoy;
    if (lock_id) options.expected_lock_id = id_from(*lock_id);
    options.least_family = family_from(family, least_version);
    options.threads = threads;
    options.progress = progress.function();
  }
  ProgressCall progress;
  UnlockOptions options;
};

// An error of the work goes before one of the progress callback.
template <class T>
T finish(Result<T> result, const ProgressCall& progress) {
  T value = value_or_raise(std::move(result));
  progress.rethrow();
  return value;
}

nb::object lock_model(const MasterKey& key, nb::handle model, nb::handle out, bool chacha20, bool bytes_only, std::uint8_t chunk_log2,
                      std::vector<std::string> include, std::vector<std::string> exclude, bool allow_plain, bool sidecar,
                      nb::handle sidecar_path, bool hint, const OptionalId& family, std::uint64_t family_version, std::uint32_t room,
                      unsigned threads, bool force, nb::object progress) {
  ProgressCall call(std::move(progress));
  const LockOptions options{.suite = chacha20 ? Suite::chacha20 : Suite::aes256,
                            .layout = bytes_only ? LayoutChoice::bytes : LayoutChoice::automatic,
                            .chunk_log2 = chunk_log2,
                            .include = std::move(include),
                            .exclude = std::move(exclude),
                            .allow_plain = allow_plain,
                            .sidecar = sidecar,
                            .sidecar_path = path_or_empty(sidecar_path),
                            .fingerprint_hint = hint,
                            .family = family_from(family, family_version),
                            .slot_bytes = room,
                            .threads = threads,
                            .force = force,
                            .progress = call.function()};
  const std::string in_path = path_from(model), out_path = path_from(out);
  return to_python(finish(without_gil([&] { return lock_file(key, in_path, out_path, options); }), call));
}

nb::object unlock_path(const MasterKey& key, nb::handle model, nb::handle sidecar, bool decoy, const OptionalId& lock_id,
                       const OptionalId& family, std::uint64_t least_version, unsigned threads, nb::object progress) {
  const Reading reading(sidecar, decoy, lock_id, family, least_version, threads, std::move(progress));
  const std::string path = path_from(model);
  UnlockReport report;
  auto buffer = without_gil([&] { return unlock_to_memory(key, path, reading.options, &report); });
  return make_unlocked(finish(std::move(buffer), reading.progress), std::move(report));
}

// Model and sidecar (or None) are bytes-like.
nb::object unlock_content(const MasterKey& key, nb::handle model, nb::handle sidecar, bool decoy, const OptionalId& lock_id,
                          const OptionalId& family, std::uint64_t least_version, unsigned threads, nb::object progress) {
  const Reading reading(nb::none(), decoy, lock_id, family, least_version, threads, std::move(progress));
  const BytesView locked(model);
  const nb::bytes nothing("", 0);
  const BytesView record(sidecar.is_none() ? nb::handle(nothing) : sidecar);
  UnlockReport report;
  auto buffer = without_gil([&] { return unlock_bytes(key, locked.bytes(), record.bytes(), reading.options, &report); });
  return make_unlocked(finish(std::move(buffer), reading.progress), std::move(report));
}

// `out` is a path, or an open file descriptor when it is an int.
nb::object unlock_into(const MasterKey& key, nb::handle model, nb::handle out, bool force, nb::handle sidecar, bool decoy,
                       const OptionalId& lock_id, const OptionalId& family, std::uint64_t least_version, unsigned threads,
                       nb::object progress) {
  Reading reading(sidecar, decoy, lock_id, family, least_version, threads, std::move(progress));
  reading.options.force = force;
  const std::string path = path_from(model);
  if (PyLong_Check(out.ptr())) {
    const int fd = nb::cast<int>(out);
    return to_python(finish(without_gil([&] { return unlock_to_fd(key, path, fd, reading.options); }), reading.progress));
  }
  const std::string out_path = path_from(out);
  return to_python(finish(without_gil([&] { return unlock_file(key, path, out_path, reading.options); }), reading.progress));
}

nb::object verify_path(const MasterKey& key, nb::handle model, nb::handle sidecar, bool decoy, const OptionalId& lock_id,
                       const OptionalId& family, std::uint64_t least_version, unsigned threads, nb::object progress) {
  const Reading reading(sidecar, decoy, lock_id, family, least_version, threads, std::move(progress));
  const std::string path = path_from(model);
  return to_python(finish(without_gil([&] { return verify_file(key, path, reading.options); }), reading.progress));
}

nb::object inspect_path(nb::handle model, nb::handle sidecar) {
  const std::string path = path_from(model), record = path_or_empty(sidecar);
  return to_python(value_or_raise(without_gil([&] { return inspect_file(path, record); })));
}

}  // namespace

void bind_lock(nb::module_& module) {
  const auto reading = [&module](const char* name, auto function) {
    module.def(name, function, nb::arg("key"), nb::arg("model"), nb::arg("sidecar").none(), nb::arg("decoy"), nb::arg("lock_id").none(),
               nb::arg("family").none(), nb::arg("least_version"), nb::arg("threads"), nb::arg("progress").none());
  };
  reading("unlock_path", &unlock_path);
  reading("unlock_content", &unlock_content);
  reading("verify_path", &verify_path);
  module.def("unlock_into", &unlock_into, nb::arg("key"), nb::arg("model"), nb::arg("out"), nb::arg("force"), nb::arg("sidecar").none(),
             nb::arg("decoy"), nb::arg("lock_id").none(), nb::arg("family").none(), nb::arg("least_version"), nb::arg("threads"),
             nb::arg("progress").none());
  module.def("lock_model", &lock_model, nb::arg("key"), nb::arg("model"), nb::arg("out"), nb::arg("chacha20"), nb::arg("bytes_only"),
             nb::arg("chunk_log2"), nb::arg("include"), nb::arg("exclude"), nb::arg("allow_plain"), nb::arg("sidecar"), nb::arg("sidecar_path").none(),
             nb::arg("hint"), nb::arg("family").none(), nb::arg("family_version"), nb::arg("room"), nb::arg("threads"), nb::arg("force"),
             nb::arg("progress").none());
  module.def("inspect_path", &inspect_path, nb::arg("model"), nb::arg("sidecar").none());
}

}  // namespace nnlock::python
