// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0

#include "lab/study.hpp"

#include <algorithm>
#include <cmath>
#include <sstream>
#include <stdexcept>

#include "lab/failure.hpp"

namespace nnlock::lab {

const char* to_string(Knows knows) {
  switch (knows) {
    case Knows::locked_file: return "locked file";
    case Knows::architecture: return "architecture";
    case Knows::training_data: return "training data";
    case Knows::oracle: return "oracle";
    case Knows::other_models: return "other models";
    case Knows::public_base: return "public base";
    case Knows::second_file: return "second file under the key";
    case Knows::memory: return "memory of the process";
    case Knows::loading_device: return "device that loads any file";
  }
  return "";
}

namespace {

double number_in(const std::string& text, const std::string& name) {
  std::size_t used = 0;
  double value = 0;
  try {
    value = std::stod(text, &used);
  } catch (const std::exception&) {
    used = 0;
  }
  if (used == 0 || used != text.size() || !(std::abs(value) < 1e15)) throw Failure(name + " is no number: " + text, "give a number");
  return value;
}

}  // namespace

bool AttackInfo::knows_about(Knows what) const { return std::find(knows.begin(), knows.end(), what) != knows.end(); }

Budget::Budget(const AttackInfo& info, const Cell& cell) {
  for (const Parameter& parameter : info.budget) values_[parameter.name] = cell.effort == Effort::smoke ? parameter.smoke : parameter.full;
  for (const auto& [name, value] : cell.with) {
    if (!values_.contains(name)) throw Failure(info.name + " has no budget parameter " + name, "see nnlock-lab list");
    values_[name] = value;
  }
}

const std::string& Budget::text(const std::string& name) const {
  const auto found = values_.find(name);
  if (found == values_.end()) throw std::logic_error("the attack did not declare the parameter " + name);
  return found->second;
}

std::int64_t Budget::whole(const std::string& name) const {
  const double value = real(name);
  if (value != static_cast<double>(static_cast<std::int64_t>(value))) throw Failure(name + " is no whole number: " + text(name), "give a whole number");
  return static_cast<std::int64_t>(value);
}

double Budget::real(const std::string& name) const { return number_in(text(name), name); }

std::vector<std::string> Budget::names(const std::string& name) const {
  std::vector<std::string> items;
  std::istringstream rest(text(name));
  for (std::string item; std::getline(rest, item, ',');) items.push_back(item);
  if (items.empty()) throw Failure(name + " is empty", "give at least one, separated by commas");
  return items;
}

std::vector<double> Budget::reals(const std::string& name) const {
  std::vector<double> values;
  for (const std::string& item : names(name)) values.push_back(number_in(item, name));
  return values;
}

void Study::report(const RecordSet& records, Page& page) const {
  Table table{.columns = {"dataset", "model", "weights", "scheme", "record"}, .rows = {}};
  for (const Record& record : records) table.rows.push_back({record.dataset(), record.model(), record.weights(), record.scheme(), page.link(record)});
  page.table(table);
}

std::vector<Finding> Study::findings(const RecordSet&, const Page&) const { return {}; }

}  // namespace nnlock::lab
