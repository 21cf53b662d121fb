// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// Plots, drawn by gnuplot.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "lab/files.hpp"

namespace nnlock::lab {

struct Point {
  double x = 0, y = 0;
  std::optional<double> low = {}, high = {};  // of a bar of uncertainty; both or none
};

struct Curve {
  std::string title;
  std::vector<Point> points;
};

struct Plot {
  std::string name;  // of the file, without .svg; letters, digits, '-' and '_'
  std::string title, x_axis, y_axis;
  bool powers_of_two = false;  // x on a logarithmic scale, marked at 1, 2, 4 ...
  std::optional<double> y_from, y_to;
  std::vector<Curve> curves;   // those without a point are left out
  std::optional<double> level;  // a thin line across, such as chance
};

// What gnuplot is told; the data stand in it.
std::string gnuplot_script(const Plot& plot);
// The same plot gives the same bytes, with the same version of gnuplot. Throws Failure when gnuplot is not there or fails.
Bytes svg_of(const Plot& plot);

}  // namespace nnlock::lab
