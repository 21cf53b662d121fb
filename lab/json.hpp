// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// JSON for records: objects that keep the order in which they were filled. RapidJSON reads it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

namespace nnlock::lab {

class Json {
 public:
  using Array = std::vector<Json>;
  using Object = std::vector<std::pair<std::string, Json>>;

  Json() = default;  // null
  Json(bool value) : value_(value) {}
  template <class T>
    requires(std::is_arithmetic_v<T> && !std::is_same_v<T, bool>)
  Json(T value) {
    if constexpr (std::is_floating_point_v<T>) value_ = static_cast<double>(value);
    else value_ = static_cast<std::int64_t>(value);
  }
  Json(std::string value) : value_(std::move(value)) {}
  Json(const char* value) : value_(std::string(value)) {}
  Json(Array value) : value_(std::move(value)) {}
  Json(Object value) : value_(std::move(value)) {}
  template <class T>
  static Json array(const std::vector<T>& items) {
    Array out;
    for (const auto& item : items) out.emplace_back(item);
    return out;
  }

  // The member of an object, made when it is not there. A null becomes an object.
  Json& operator[](const std::string& name);
  void push_back(Json item);  // a null becomes an array

  // Throws Failure, which begins with `name`, for text that is no JSON.
  static Json parse(std::string_view text, const std::string& name);

  // Reading; each throws std::out_of_range when the value is not of that kind, or has no such member.
  const Json& at(const std::string& name) const;
  const Json& at(std::size_t index) const;
  std::size_t size() const;  // of an array
  double number() const;
  const std::string& string() const;
  bool flag() const;
  bool has(const std::string& name) const;
  bool is_null() const { return std::holds_alternative<std::monostate>(value_); }
  bool is_array() const { return std::holds_alternative<Array>(value_); }
  const Object& members() const;

  // What fits into a line stands on one, arrays of numbers always; doubles have six significant digits.
  std::string text() const;

 private:
  std::string scalar() const;
  std::string written(std::size_t depth) const;
  std::variant<std::monostate, bool, std::int64_t, double, std::string, Array, Object> value_;
};

}  // namespace nnlock::lab
