// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0

#include "lab/report/record_set.hpp"

#include <algorithm>
#include <iterator>
#include <stdexcept>
#include <tuple>

#include "lab/failure.hpp"

namespace nnlock::lab {
namespace {

// The place in the lab's list; what is not in it comes after.
std::size_t rank(const std::string& name, const std::vector<std::string>& names) {
  return static_cast<std::size_t>(std::find(names.begin(), names.end(), name) - names.begin());
}

auto place_of(const Record& record, const ListOrder& order) {
  return std::tuple(record.attack(), rank(record.dataset(), order.datasets), record.dataset(), rank(record.model(), order.models), record.model(), record.weights(),
                    rank(record.scheme(), order.schemes), record.scheme(), record.number("seed"), record.file().string());
}

void check(const Record& record) {
  if (record.number("record") != 1)
    throw Failure(record.file().string() + ": a record of form " + std::to_string(record.number("record")) + "; this program knows form 1", "use a newer nnlock-lab");
  for (const char* text : {"attack.name", "target.dataset", "target.model", "target.weights", "target.scheme", "effort", "command", "commit"}) record.text(text);
  record.number("seed");
  record.at("outcome").members();
}

}  // namespace

Record::Record(Path file, Json json) : file_(std::move(file)), json_(std::move(json)) {
  try {
    check(*this);
  } catch (const std::out_of_range&) {
    lacks("outcome", "object");
  }
}

const Json* Record::find(std::string_view path) const {
  const Json* here = &json_;
  while (!path.empty()) {
    const std::size_t dot = path.find('.');
    const std::string name(path.substr(0, dot));
    const bool index = here->is_array() && !name.empty() && name.size() < 9 && name.find_first_not_of("0123456789") == std::string::npos;
    if (index ? std::stoul(name) >= here->size() : !here->has(name)) return nullptr;
    here = index ? &here->at(std::stoul(name)) : &here->at(name);
    path = dot == std::string_view::npos ? std::string_view() : path.substr(dot + 1);
  }
  return here;
}

std::size_t Record::size(std::string_view path) const {
  const Json* found = find(path);
  if (found == nullptr) return 0;
  if (!found->is_array()) lacks(path, "array");
  return found->size();
}

const Json& Record::at(std::string_view path) const {
  const Json* found = find(path);
  if (found == nullptr) lacks(path, "member");
  return *found;
}

double Record::number(std::string_view path) const {
  try {
    return at(path).number();
  } catch (const std::out_of_range&) {
    lacks(path, "number");
  }
}

const std::string& Record::text(std::string_view path) const {
  try {
    return at(path).string();
  } catch (const std::out_of_range&) {
    lacks(path, "text");
  }
}

std::vector<double> Record::numbers(std::string_view path) const {
  try {
    const Json& array = at(path);
    std::vector<double> values;
    for (std::size_t i = 0; i < array.size(); ++i) values.push_back(array.at(i).number());
    return values;
  } catch (const std::out_of_range&) {
    lacks(path, "array of numbers");
  }
}

std::optional<double> Record::number_if(std::string_view path) const {
  const Json* found = find(path);
  if (found == nullptr || found->is_null()) return std::nullopt;
  return number(path);
}

std::string Record::runtime() const { return find("target.runtime") == nullptr ? std::string() : text("target.runtime"); }

void Record::lacks(std::string_view path, const char* kind) const {
  throw Failure(file_.string() + ": no record that the report can read: no " + kind + " at " + std::string(path),
                "move it out of the folder of records, or remove it and run its cell again");
}

RecordSet::RecordSet(std::vector<Record> records, const ListOrder& order) : records_(std::move(records)) {
  std::sort(records_.begin(), records_.end(), [&](const Record& a, const Record& b) { return place_of(a, order) < place_of(b, order); });
}

RecordSet RecordSet::read(const Path& folder, const ListOrder& order) {
  std::vector<Record> records;
  if (!std::filesystem::exists(folder)) return {};
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    if (!entry.is_regular_file() || entry.path().extension() != ".json") continue;
    const Bytes bytes = read_file(entry.path());
    const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    records.emplace_back(std::filesystem::relative(entry.path(), folder), Json::parse(text, entry.path().string()));
  }
  return RecordSet(std::move(records), order);
}

RecordSet RecordSet::of(const std::string& attack) const {
  return where([&](const Record& record) { return record.attack() == attack; });
}

RecordSet RecordSet::where(const std::function<bool(const Record&)>& wanted) const {
  RecordSet some;
  std::copy_if(records_.begin(), records_.end(), std::back_inserter(some.records_), wanted);
  return some;
}

}  // namespace nnlock::lab
