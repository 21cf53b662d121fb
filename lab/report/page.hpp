// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// The report while it is written: Markdown, and plots beside it.
#pragma once

#include <string>
#include <vector>

#include "lab/report/plot.hpp"
#include "lab/report/record_set.hpp"

namespace nnlock::lab {

struct Table {
  std::vector<std::string> columns;
  std::vector<std::vector<std::string>> rows;  // Markdown; a column of figures is set to the right
};

class Page {
 public:
  // `file` is the report, `records` the folder of records; links from the one to the other are relative. Plots go into `plots` beside the file.
  Page(Path file, Path records);

  void heading(int level, const std::string& title);  // 1 is the report's, 2 an attack's; sections use 3 and 4
  void paragraph(const std::string& text);
  void list(const std::vector<std::string>& items);
  void table(const Table& table);  // one without rows is left out
  void plot(const Plot& plot);     // one without a point is left out
  // For a cell of a table or a sentence.
  std::string link(const Record& record, const std::string& text = "record") const;

  const std::string& text() const { return text_; }
  void write() const;  // the plots, then the page

 private:
  Path file_, records_;
  std::string text_;
  std::vector<Plot> plots_;
};

}  // namespace nnlock::lab
