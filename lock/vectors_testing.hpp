// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// Reading spec/vectors (its README.md says what the fields are). A field that is missing fails the test that asks for it.
#pragma once

#include <gtest/gtest.h>
#include <rapidjson/document.h>

#include <cstdlib>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "lock/digest.hpp"
#include "lock/models_testing.hpp"
#include "lock/record_layout.hpp"

namespace nnlock::lock {

using Json = rapidjson::Value;

struct Vector {
  std::string name;
  rapidjson::Document json;
};

inline const Json& field(const Json& object, const char* name) {
  static const Json null;
  const auto found = object.FindMember(name);
  if (found != object.MemberEnd()) return found->value;
  ADD_FAILURE() << "field " << name << " is missing";
  return null;
}

inline Bytes hex(const Json& value) {
  Bytes bytes;
  if (!value.IsString() || value.GetStringLength() % 2 != 0) {
    ADD_FAILURE() << "not hex";
    return bytes;
  }
  const std::string text(value.GetString(), value.GetStringLength());
  for (std::size_t i = 0; i < text.size(); i += 2) bytes.push_back(static_cast<std::byte>(std::stoi(text.substr(i, 2), nullptr, 16)));
  return bytes;
}

template <std::size_t N>
std::array<std::byte, N> hex_array(const Json& value) {
  std::array<std::byte, N> out{};
  const Bytes bytes = hex(value);
  EXPECT_EQ(bytes.size(), N);
  std::copy_n(bytes.begin(), std::min(N, bytes.size()), out.begin());
  return out;
}

// DATA: hex, or a repeated pattern with patches.
inline Bytes data(const Json& value) {
  if (value.IsString()) return hex(value);
  const Bytes pattern = hex(field(value, "repeat"));
  Bytes bytes(field(value, "length").GetUint64());
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = pattern[i % pattern.size()];
  if (!value.HasMember("patch")) return bytes;
  for (const Json& patch : value["patch"].GetArray()) {
    const Bytes over = hex(patch[1]);
    std::copy(over.begin(), over.end(), bytes.begin() + patch[0].GetInt64());
  }
  return bytes;
}

// RESULT: DATA, or its length and hash.
inline void expect_result(const Json& value, const Bytes& bytes, const std::string& what) {
  if (value.IsObject() && value.HasMember("sha256")) {
    EXPECT_EQ(bytes.size(), field(value, "length").GetUint64()) << what;
    EXPECT_EQ(sha256(bytes), hex_array<32>(value["sha256"])) << what;
  } else {
    EXPECT_EQ(bytes, data(value)) << what;
  }
}

// LAYOUT: the item of a record in JSON; read as a record's is. `p` has its other fields.
inline void put_item(CborWriter& out, const Json& item) {
  if (!item.IsArray()) return out.integer(item.GetUint64());
  out.array(item.Size());
  for (const Json& inner : item.GetArray()) put_item(out, inner);
}
inline void take_layout(Core& core, Parameter& p, const Json& layout) {
  CborWriter out;
  put_item(out, layout);
  const Bytes encoded = std::move(out).take();
  CborReader in(encoded);
  read_layout(in, core, p);
  EXPECT_FALSE(in.failed()) << in.error().message;
}
// [file, offset, length, LAYOUT]
inline Parameter parameter_of(Core& core, const Json& item) {
  Parameter p{item[0].GetUint(), item[1].GetUint64(), item[2].GetUint64()};
  take_layout(core, p, item[3]);
  return p;
}

inline MasterKey master(const Json& vector) { return MasterKey::from_bytes(hex_array<32>(field(vector, "master"))); }

inline std::string class_name(ErrorCode code) {
  switch (code) {
    case ErrorCode::usage: return "usage";
    case ErrorCode::wrong_key: return "wrong-key";
    case ErrorCode::bad_key_file: return "bad-key-file";
    case ErrorCode::tampered: return "tampered";
    case ErrorCode::bad_record: return "bad-record";
    case ErrorCode::bad_model: return "bad-model";
    case ErrorCode::nothing_to_lock: return "nothing-to-lock";
    case ErrorCode::not_locked: return "not-locked";
    case ErrorCode::already_locked: return "already-locked";
    case ErrorCode::unsupported: return "unsupported";
    case ErrorCode::io: return "io";
    case ErrorCode::licence: return "licence";
  }
  return "?";
}

template <class T>
std::string class_of(const Result<T>& result) {
  return result ? "ok" : class_name(result.error().code);
}

// The checkout, by NNLOCK_SOURCE_DIR as ctest sets it; else the folder the test was started in.
inline std::filesystem::path source_dir() {
  const char* root = std::getenv("NNLOCK_SOURCE_DIR");
  return root != nullptr ? std::filesystem::path(root) : std::filesystem::current_path();
}

// All vectors of one kind. None at all is a failure: a test must not pass by finding nothing.
inline std::vector<Vector> vectors_of_kind(const std::string& kind) {
  std::vector<Vector> found;
  const auto folder = source_dir() / "spec/vectors";
  std::map<std::string, std::filesystem::path> files;
  if (std::filesystem::is_directory(folder))
    for (const auto& entry : std::filesystem::directory_iterator(folder))
      if (entry.path().extension() == ".json") files.emplace(entry.path().stem().string(), entry.path());
  for (const auto& [name, path] : files) {
    std::ifstream in(path, std::ios::binary);
    const std::string text{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
    Vector vector{.name = name};
    vector.json.Parse(text.c_str());
    EXPECT_FALSE(vector.json.HasParseError()) << name;
    if (!vector.json.HasParseError() && field(vector.json, "kind").GetString() == kind) found.push_back(std::move(vector));
  }
  EXPECT_FALSE(found.empty()) << "no vectors of kind " << kind << " in " << folder << "; NNLOCK_SOURCE_DIR names the checkout";
  return found;
}

}  // namespace nnlock::lock
