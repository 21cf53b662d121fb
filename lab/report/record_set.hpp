// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// The records that a report is made of.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lab/files.hpp"
#include "lab/json.hpp"

namespace nnlock::lab {

// One record. Values are named by their path in it: "outcome.right_key.accuracy", "outcome.near_keys.0.distance".
class Record {
 public:
  Record(Path file, Json json);

  const Path& file() const { return file_; }  // below the folder of records
  const Json& json() const { return json_; }

  // Each throws Failure, which names the file and the path, when nothing of that kind stands there.
  const Json& at(std::string_view path) const;
  double number(std::string_view path) const;
  const std::string& text(std::string_view path) const;
  std::vector<double> numbers(std::string_view path) const;
  std::size_t size(std::string_view path) const;  // of an array; 0 when there is nothing
  // Null and nothing when it is not there.
  const Json* find(std::string_view path) const;
  std::optional<double> number_if(std::string_view path) const;  // also nothing when null stands there

  // What sections ask for most.
  const std::string& attack() const { return text("attack.name"); }
  const std::string& dataset() const { return text("target.dataset"); }
  const std::string& model() const { return text("target.model"); }
  const std::string& weights() const { return text("target.weights"); }
  const std::string& scheme() const { return text("target.scheme"); }
  std::string runtime() const;  // empty: the lab's own networks
  bool is_smoke() const { return text("effort") == "smoke"; }

 private:
  [[noreturn]] void lacks(std::string_view path, const char* kind) const;
  Path file_;
  Json json_;
};

// Names in the order in which they are to be listed; one that is not among them comes after.
struct ListOrder {
  std::vector<std::string> datasets, models, schemes;
};

class RecordSet {
 public:
  RecordSet() = default;
  explicit RecordSet(std::vector<Record> records, const ListOrder& order = {});
  // Every *.json below `folder`, sorted by attack, dataset, model, weights, scheme, seed and name. A folder that is not there has none. Throws Failure for
  // a file that is no record, and names it.
  static RecordSet read(const Path& folder, const ListOrder& order = {});

  const std::vector<Record>& all() const { return records_; }
  RecordSet of(const std::string& attack) const;
  RecordSet where(const std::function<bool(const Record&)>& wanted) const;
  bool empty() const { return records_.empty(); }
  auto begin() const { return records_.begin(); }
  auto end() const { return records_.end(); }

 private:
  std::vector<Record> records_;
};

}  // namespace nnlock::lab
