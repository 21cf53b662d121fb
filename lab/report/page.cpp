// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0

#include "lab/report/page.hpp"

#include <algorithm>
#include <stdexcept>

#include "lab/report/figures.hpp"

namespace nnlock::lab {
namespace {

bool is_figure(const std::string& cell) {
  const std::size_t start = cell.starts_with('[') ? 1 : 0;  // of a linked figure
  return cell.empty() || cell == kNoFigure || std::string("0123456789+-<>").find(cell[start]) != std::string::npos;
}

std::string row_of(const std::vector<std::string>& cells) {
  std::string text = "|";
  for (const std::string& cell : cells) text += " " + cell + " |";
  return text + "\n";
}

// As the target of a link; '/' and what URLs leave alone stay.
std::string as_url(const std::string& path) {
  std::string url;
  for (const char c : path) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || std::string("/.-_=+,").find(c) != std::string::npos;
    if (plain) url += c;
    else {
      constexpr char kHex[] = "0123456789ABCDEF";
      const auto byte = static_cast<unsigned char>(c);
      url += {'%', kHex[byte >> 4], kHex[byte & 15]};
    }
  }
  return url;
}

}  // namespace

Page::Page(Path file, Path records) : file_(std::filesystem::absolute(file)), records_(std::filesystem::absolute(records)) {}

void Page::heading(int level, const std::string& title) { text_ += (text_.empty() ? "" : "\n") + std::string(static_cast<std::size_t>(level), '#') + " " + title + "\n"; }

void Page::paragraph(const std::string& text) { text_ += "\n" + text + "\n"; }

void Page::list(const std::vector<std::string>& items) {
  text_ += "\n";
  for (const std::string& item : items) text_ += "- " + item + "\n";
}

void Page::table(const Table& table) {
  if (table.rows.empty()) return;
  text_ += "\n" + row_of(table.columns) + "|";
  for (std::size_t i = 0; i < table.columns.size(); ++i) {
    for (const auto& row : table.rows)
      if (row.size() != table.columns.size()) throw std::logic_error("a row of a table has another number of cells than the table has columns");
    text_ += std::all_of(table.rows.begin(), table.rows.end(), [i](const auto& row) { return is_figure(row[i]); }) ? "---:|" : "---|";
  }
  text_ += "\n";
  for (const auto& row : table.rows) text_ += row_of(row);
}

void Page::plot(const Plot& plot) {
  if (std::all_of(plot.curves.begin(), plot.curves.end(), [](const Curve& curve) { return curve.points.empty(); })) return;
  for (const Plot& other : plots_)
    if (other.name == plot.name) throw std::logic_error("two plots are called " + plot.name);
  plots_.push_back(plot);
  text_ += "\n![" + plot.title + "](plots/" + as_url(plot.name) + ".svg)\n";
}

std::string Page::link(const Record& record, const std::string& text) const {
  const Path target = (records_ / record.file()).lexically_normal().lexically_relative(file_.parent_path().lexically_normal());
  return "[" + text + "](" + as_url(target.generic_string()) + ")";
}

void Page::write() const {
  for (const Plot& plot : plots_) write_file(file_.parent_path() / "plots" / (plot.name + ".svg"), svg_of(plot));
  write_file(file_, bytes_of(text_));
}

}  // namespace nnlock::lab
