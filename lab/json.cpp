// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0

#include "lab/json.hpp"

#include <rapidjson/document.h>
#include <rapidjson/error/en.h>
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <stdexcept>

#include "lab/failure.hpp"

namespace nnlock::lab {
namespace {

std::string six_digits(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.6g", value);
  return text;
}

std::string quoted(const std::string& text) {
  rapidjson::StringBuffer buffer;
  rapidjson::Writer<rapidjson::StringBuffer>(buffer).String(text.data(), static_cast<rapidjson::SizeType>(text.size()));
  return std::string(buffer.GetString(), buffer.GetSize());
}

constexpr std::size_t kLine = 120;  // longer objects are broken into lines

Json from_rapidjson(const rapidjson::Value& value) {
  if (value.IsBool()) return value.GetBool();
  if (value.IsInt64()) return value.GetInt64();
  if (value.IsNumber()) return value.GetDouble();
  if (value.IsString()) return std::string(value.GetString(), value.GetStringLength());
  if (value.IsArray()) {
    Json::Array items;
    for (const auto& item : value.GetArray()) items.push_back(from_rapidjson(item));
    return items;
  }
  if (!value.IsObject()) return {};
  Json::Object members;
  for (const auto& [name, member] : value.GetObject()) members.emplace_back(std::string(name.GetString(), name.GetStringLength()), from_rapidjson(member));
  return members;
}

}  // namespace

Json& Json::operator[](const std::string& name) {
  if (std::holds_alternative<std::monostate>(value_)) value_ = Object{};
  auto& members = std::get<Object>(value_);
  for (auto& [key, member] : members)
    if (key == name) return member;
  return members.emplace_back(name, Json{}).second;
}

void Json::push_back(Json item) {
  if (std::holds_alternative<std::monostate>(value_)) value_ = Array{};
  std::get<Array>(value_).push_back(std::move(item));
}

const Json& Json::at(const std::string& name) const {
  if (const auto* members = std::get_if<Object>(&value_))
    for (const auto& [key, member] : *members)
      if (key == name) return member;
  throw std::out_of_range("no member " + name);
}

bool Json::has(const std::string& name) const {
  const auto* members = std::get_if<Object>(&value_);
  return members != nullptr && std::any_of(members->begin(), members->end(), [&](const auto& member) { return member.first == name; });
}

const Json& Json::at(std::size_t index) const {
  if (const auto* items = std::get_if<Array>(&value_)) return items->at(index);
  throw std::out_of_range("no array");
}

std::size_t Json::size() const {
  if (const auto* items = std::get_if<Array>(&value_)) return items->size();
  throw std::out_of_range("no array");
}

double Json::number() const {
  if (const auto* whole = std::get_if<std::int64_t>(&value_)) return static_cast<double>(*whole);
  if (const auto* real = std::get_if<double>(&value_)) return *real;
  throw std::out_of_range("no number");
}

const std::string& Json::string() const {
  if (const auto* text = std::get_if<std::string>(&value_)) return *text;
  throw std::out_of_range("no string");
}

bool Json::flag() const {
  if (const auto* flag = std::get_if<bool>(&value_)) return *flag;
  throw std::out_of_range("no boolean");
}

const Json::Object& Json::members() const {
  if (const auto* members = std::get_if<Object>(&value_)) return *members;
  throw std::out_of_range("no object");
}

Json Json::parse(std::string_view text, const std::string& name) {
  rapidjson::Document document;
  document.Parse(text.data(), text.size());
  if (document.HasParseError())
    throw Failure(name + ": no JSON at byte " + std::to_string(document.GetErrorOffset()) + ": " + rapidjson::GetParseError_En(document.GetParseError()),
                  "remove it, and make it again if it was a record");
  return from_rapidjson(document);
}

std::string Json::scalar() const {
  if (const auto* flag = std::get_if<bool>(&value_)) return *flag ? "true" : "false";
  if (const auto* whole = std::get_if<std::int64_t>(&value_)) return std::to_string(*whole);
  if (const auto* real = std::get_if<double>(&value_); real != nullptr && std::isfinite(*real)) return six_digits(*real);
  if (const auto* text = std::get_if<std::string>(&value_)) return quoted(*text);
  return "null";  // also a number that is not finite: JSON has none
}

// Members and items, each with its name in front, between `open` and `close`: on one line or on lines of their own.
std::string Json::written(std::size_t depth) const {
  const auto* items = std::get_if<Array>(&value_);
  const auto* members = std::get_if<Object>(&value_);
  if (items == nullptr && members == nullptr) return scalar();
  std::vector<std::string> parts;
  if (items != nullptr)
    for (const Json& item : *items) parts.push_back(item.written(depth + 1));
  else
    for (const auto& [name, member] : *members) parts.push_back(quoted(name) + ": " + member.written(depth + 1));
  std::size_t length = 0;
  bool lines = false;
  for (const std::string& part : parts) {
    length += part.size() + 2;
    lines |= part.find('\n') != std::string::npos;
  }
  lines |= length > kLine && members != nullptr;
  const std::string indent = "\n" + std::string(depth + 1, ' ');
  std::string text(1, members != nullptr ? '{' : '[');
  for (std::size_t i = 0; i < parts.size(); ++i) text += (i == 0 ? "" : lines ? "," : ", ") + (lines ? indent : "") + parts[i];
  if (lines) text += "\n" + std::string(depth, ' ');
  return text + (members != nullptr ? '}' : ']');
}

std::string Json::text() const { return written(0) + "\n"; }

}  // namespace nnlock::lab
