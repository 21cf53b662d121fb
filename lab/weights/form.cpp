// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0

#include "lab/weights/form.hpp"

#include "lab/failure.hpp"

namespace nnlock::lab {

const char* to_string(Form form) { return form == Form::float32 ? "float32" : "int8"; }

Form form_named(const std::string& name) {
  for (const Form form : {Form::float32, Form::int8})
    if (name == to_string(form)) return form;
  throw Failure("no form of weights is called " + name, "use float32 or int8");
}

}  // namespace nnlock::lab
