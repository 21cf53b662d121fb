// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0

#include "lab/report/plot.hpp"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstring>

#include "lab/failure.hpp"

namespace nnlock::lab {
namespace {

// In single quotes gnuplot takes everything as it stands; a quote is doubled.
std::string quoted(const std::string& text) {
  std::string out = "'";
  for (const char c : text) out += c == '\'' ? "''" : std::string(1, c == '\n' ? ' ' : c);
  return out + "'";
}

std::string number(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.9g", value);
  return text;
}

bool has_bars(const Curve& curve) {
  for (const Point& point : curve.points)
    if (!point.low || !point.high) return false;
  return true;
}

std::string data_block(const std::string& name, const Curve& curve) {
  std::string text = name + " << EOD\n";
  for (const Point& point : curve.points) {
    text += number(point.x) + " " + number(point.y);
    if (has_bars(curve)) text += " " + number(*point.low) + " " + number(*point.high);
    text += "\n";
  }
  return text + "EOD\n";
}

std::string range(std::optional<double> from, std::optional<double> to) {
  return "[" + (from ? number(*from) : "*") + ":" + (to ? number(*to) : "*") + "]";
}

// gnuplot with `script`, its complaints into `log`. Returns its exit code, or 127 when it is not there.
int run_gnuplot(const Path& script, const Path& log) {
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, log.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
  std::string program = "gnuplot", defaults = "-d", file = script.string();  // -d: no start-up files
  char* arguments[] = {program.data(), defaults.data(), file.data(), nullptr};
  pid_t child = 0;
  const int failed = ::posix_spawnp(&child, "gnuplot", &actions, nullptr, arguments, environ);
  posix_spawn_file_actions_destroy(&actions);
  if (failed != 0) return 127;
  int status = 0;
  if (::waitpid(child, &status, 0) != child) return 126;
  return WIFEXITED(status) ? WEXITSTATUS(status) : 126;
}

}  // namespace

std::string gnuplot_script(const Plot& plot) {
  std::string text = "set terminal svg size 800,440 font 'sans-serif,13' background 'white'\nset key outside right noenhanced\nset grid\n";
  text += "set title " + quoted(plot.title) + " noenhanced\nset xlabel " + quoted(plot.x_axis) + " noenhanced\nset ylabel " + quoted(plot.y_axis) + " noenhanced\n";
  if (plot.powers_of_two) text += "set logscale x 2\n";
  text += "set yrange " + range(plot.y_from, plot.y_to) + "\n";
  std::vector<std::string> drawn;
  for (const Curve& curve : plot.curves) {
    if (curve.points.empty()) continue;
    const std::string color = std::to_string(drawn.size() + 1), block = "$curve" + color;
    text += data_block(block, curve);
    std::string one = block + " using 1:2 with linespoints linetype " + color + " title " + quoted(curve.title);
    if (has_bars(curve)) one += ", " + block + " using 1:2:3:4 with yerrorbars linetype " + color + " pointtype 0 notitle";
    drawn.push_back(one);
  }
  if (plot.level) drawn.push_back(number(*plot.level) + " with lines linecolor 'gray50' dashtype 2 notitle");
  for (std::size_t i = 0; i < drawn.size(); ++i) text += (i == 0 ? "plot " : ", \\\n     ") + drawn[i];
  return text + "\n";
}

Bytes svg_of(const Plot& plot) {
  const TemporaryFolder folder;
  const Path script = folder.path() / "plot.gp", svg = folder.path() / "plot.svg", log = folder.path() / "log";
  write_file(script, bytes_of("set output " + quoted(svg.string()) + "\n" + gnuplot_script(plot)));
  const int code = run_gnuplot(script, log);
  if (code == 127) throw Failure("gnuplot, which draws the plots, is not there", "install gnuplot-nox (make install-lab-packages does it)");
  const Bytes complaint = readable(log) ? read_file(log) : Bytes();
  if (code != 0 || !readable(svg))
    throw Failure("gnuplot failed at the plot " + plot.name + ": " + std::string(reinterpret_cast<const char*>(complaint.data()), complaint.size()),
                  "gnuplot 5.0 or later is needed; its version: gnuplot --version");
  return read_file(svg);
}

}  // namespace nnlock::lab
