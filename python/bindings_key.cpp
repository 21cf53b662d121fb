// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// MasterKey: made and saved here, never shown. Python sees its fingerprint and nothing else of it.
#include <ctime>

#include "python/bindings.hpp"

namespace nnlock::python {
namespace {

std::string utc_now() {
  const std::time_t now = std::time(nullptr);
  std::tm parts{};
  gmtime_r(&now, &parts);
  char out[32];
  std::strftime(out, sizeof out, "%Y-%m-%dT%H:%M:%SZ", &parts);
  return out;
}

void warn_loose(const std::string& path) {
  const nb::object category = nb::module_::import_("nnlock._errors").attr("KeyFileWarning");
  const std::string message = path + ": others may read this key file (chmod 600 it)";
  if (PyErr_WarnEx(category.ptr(), text(message).c_str(), 1) != 0) throw nb::python_error();
}

MasterKey from_file(nb::handle path) {
  const std::string name = path_from(path);
  bool loose = false;
  auto key = without_gil([&] { return MasterKey::read_file(name, &loose); });
  if (key && loose) warn_loose(name);
  return value_or_raise(std::move(key));
}

MasterKey from_bytes(nb::handle bytes) {
  const BytesView view(bytes);
  if (view.bytes().size() != SecretBytes::size) throw nb::value_error("a master key has 32 bytes");
  return MasterKey::from_bytes(view.bytes().first<SecretBytes::size>());
}

MasterKey parse(nb::str key_text) {
  Py_ssize_t size = 0;
  const char* data = PyUnicode_AsUTF8AndSize(key_text.ptr(), &size);
  if (data == nullptr) throw nb::python_error();
  return value_or_raise(MasterKey::parse({data, static_cast<std::size_t>(size)}));
}

void save(const MasterKey& key, nb::handle path, const std::optional<std::string>& created) {
  const std::string name = path_from(path);
  const std::string when = created ? *created : utc_now();
  const auto written = without_gil([&] { return key.write_file(name, when); });
  if (!written) raise(written.error());
}

[[noreturn]] void refuse_copy(nb::handle, nb::args) {
  throw nb::type_error("a MasterKey cannot be copied or pickled; save() it and read it where it is needed");
}

}  // namespace

void bind_key(nb::module_& module) {
  nb::class_<MasterKey> key(module, "MasterKey", nb::is_final(),
                            "The secret that authorises use of locked models. Kept in locked memory, wiped when it goes; never shown.");
  key.def_static("generate", [] { return value_or_raise(MasterKey::generate()); }, "A new random key.");
  key.def_static("from_file", &from_file, nb::arg("path"), "Reads a key file; warns (KeyFileWarning) when others may read it.");
  key.def_static("parse", &parse, nb::arg("text"), "Parses the text of a key file. The text itself is yours to protect.");
  key.def_static("from_bytes", &from_bytes, nb::arg("secret"), "Takes 32 secret bytes. The bytes themselves are yours to protect.");
  key.def("save", &save, nb::arg("path"), nb::arg("created") = nb::none(),
          "Writes a new key file with mode 0600; never overwrites. `created` is free text; default: the time now.");
  key.def_prop_ro("fingerprint", &MasterKey::fingerprint, "Four groups of four hex digits, for people.");
  key.def("__repr__", [](const MasterKey& self) { return "<nnlock.MasterKey " + self.fingerprint() + ">"; });
  for (const char* name : {"__copy__", "__deepcopy__", "__reduce__", "__reduce_ex__", "__getstate__"}) key.def(name, &refuse_copy);
}

}  // namespace nnlock::python
