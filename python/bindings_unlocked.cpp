// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// UnlockedModel: private memory behind Python's buffer protocol. No view ever outlives the memory: while views are
// open the memory stays, and once it is wiped new views are refused.
#include "python/bindings.hpp"

namespace nnlock::python {
namespace {

class UnlockedModel {
 public:
  UnlockedModel(ModelBuffer buffer, UnlockReport report) : buffer_(std::move(buffer)), report_(std::move(report)) {}

  // Python's getbuffer: 0, or -1 with an exception set.
  int open_view(PyObject* self, Py_buffer* view, int flags) {
    view->obj = nullptr;
    if (closed_) {
      PyErr_SetString(PyExc_ValueError, closed_text);
      return -1;
    }
    const std::span<std::byte> bytes = buffer_.bytes_mutable();
    const int result = PyBuffer_FillInfo(view, self, bytes.data(), static_cast<Py_ssize_t>(bytes.size()), 1, flags);
    if (result == 0) ++views_;
    return result;
  }

  void close_view() {
    --views_;
    if (closed_ && views_ == 0) buffer_.wipe();
  }

  void wipe() {
    if (views_ > 0) throw nb::buffer_error("views of this model are open: release them first");
    retire();
  }

  // No new views from now on; wipes now, or when the last open view is released. True if wiped now.
  bool retire() {
    closed_ = true;
    if (views_ == 0) buffer_.wipe();
    return views_ == 0;
  }

  std::size_t size() const {
    if (closed_) throw nb::value_error(closed_text);
    return buffer_.bytes().size();
  }

  bool wiped() const { return closed_ && views_ == 0; }
  std::string repr() const {
    return "<nnlock.UnlockedModel, " + (closed_ ? std::string("wiped") : std::to_string(size()) + " bytes") + ">";
  }
  const UnlockReport& report() const { return report_; }

 private:
  static constexpr const char* closed_text = "this unlocked model was wiped";
  ModelBuffer buffer_;
  UnlockReport report_;
  std::size_t views_ = 0;  // open buffers; guarded by the GIL, like closed_
  bool closed_ = false;
};

int get_buffer(PyObject* self, Py_buffer* view, int flags) {
  if (!nb::inst_ready(self)) {  // UnlockedModel.__new__ without unlock()
    view->obj = nullptr;
    PyErr_SetString(PyExc_ValueError, "this unlocked model holds nothing");
    return -1;
  }
  return nb::inst_ptr<UnlockedModel>(self)->open_view(self, view, flags);
}

void release_buffer(PyObject* self, Py_buffer*) { nb::inst_ptr<UnlockedModel>(self)->close_view(); }

// Leaving `with`: an exception under way is not hidden by the views that its traceback keeps open.
void leave(UnlockedModel& self, nb::handle type, nb::handle, nb::handle) {
  if (!self.retire() && type.is_none())
    throw nb::buffer_error("views of this model are still open: it is wiped when the last of them is released");
}

[[noreturn]] void refuse_copy(nb::handle, nb::args) {
  throw nb::type_error("an UnlockedModel cannot be copied or pickled; bytes(model) makes a copy that nobody wipes");
}

}  // namespace

nb::object make_unlocked(ModelBuffer buffer, UnlockReport report) {
  return nb::cast(UnlockedModel(std::move(buffer), std::move(report)));
}

void bind_unlocked(nb::module_& module) {
  static PyType_Slot slots[] = {{Py_bf_getbuffer, reinterpret_cast<void*>(&get_buffer)},
                                {Py_bf_releasebuffer, reinterpret_cast<void*>(&release_buffer)},
                                {0, nullptr}};
  nb::class_<UnlockedModel> model(module, "UnlockedModel", nb::is_final(), nb::type_slots(slots),
                                  "An unlocked model in private memory: left out of core dumps, wiped when it goes. "
                                  "memoryview(model) reads it in place, bytes(model) copies it.");
  model.def("wipe", &UnlockedModel::wipe, "Zeroes and frees the memory now. BufferError while views are open.");
  model.def_prop_ro("wiped", &UnlockedModel::wiped);
  model.def_prop_ro("report", [](const UnlockedModel& self) { return to_python(self.report()); });
  model.def("__len__", &UnlockedModel::size);
  model.def("__repr__", &UnlockedModel::repr);
  model.def("__enter__", [](nb::object self) { return self; });
  model.def("__exit__", &leave, nb::arg("type").none(), nb::arg("value").none(), nb::arg("traceback").none());
  for (const char* name : {"__copy__", "__deepcopy__", "__reduce__", "__reduce_ex__", "__getstate__"}) model.def(name, &refuse_copy);
}

}  // namespace nnlock::python
