// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0

#include "lab/metrics.hpp"

#include <algorithm>
#include <cmath>

namespace nnlock::lab {

Answers judge(const torch::Tensor& logits, const torch::Tensor& labels) {
  const auto answers = logits.argmax(1);
  const auto counts = torch::bincount(answers, {}, logits.size(1)).to(torch::kFloat64) / static_cast<double>(labels.size(0));
  Answers result;
  result.accuracy = answers.eq(labels).to(torch::kFloat64).mean().item<double>();
  result.classes = counts.gt(0).sum().item<std::int64_t>();
  result.entropy = -torch::xlogy(counts, counts).sum().item<double>() / std::log(2.0) + 0.0;  // + 0.0: no minus zero
  result.nan_share = 1 - torch::isfinite(logits).all(1).to(torch::kFloat64).mean().item<double>();
  return result;
}

torch::Tensor logits_of(Network& network, const torch::Tensor& pixels) {
  torch::NoGradGuard no_grad;
  network.eval();
  std::vector<torch::Tensor> parts;
  for (const auto& part : pixels.split(250)) parts.push_back(network.forward(part));
  return torch::cat(parts);
}

Answers measure(Network& network, const Images& images) { return judge(logits_of(network, images.pixels), images.labels); }

Summary summarise(std::span<const double> values) {
  Summary summary{.count = values.size()};
  if (values.empty()) return summary;
  const auto n = static_cast<double>(values.size());
  for (const double value : values) summary.mean += value / n;
  double squares = 0;
  for (const double value : values) squares += (value - summary.mean) * (value - summary.mean);
  summary.least = *std::min_element(values.begin(), values.end());
  summary.greatest = *std::max_element(values.begin(), values.end());
  if (summary.least == summary.greatest) summary.mean = summary.least;  // no deviation made of rounding
  else summary.deviation = std::sqrt(squares / (n - 1));
  summary.standard_error = summary.deviation / std::sqrt(n);
  return summary;
}

Comparison compare(std::vector<double> a, std::vector<double> b) {
  Comparison result;
  if (a.empty() || b.empty()) return result;
  std::sort(a.begin(), a.end());
  std::sort(b.begin(), b.end());
  const auto below = [](const std::vector<double>& sorted, double x) {
    return static_cast<double>(std::upper_bound(sorted.begin(), sorted.end(), x) - sorted.begin()) / static_cast<double>(sorted.size());
  };
  for (const auto* sample : {&a, &b})
    for (const double x : *sample) result.distance = std::max(result.distance, std::abs(below(a, x) - below(b, x)));
  const double n = static_cast<double>(a.size()) * static_cast<double>(b.size()) / static_cast<double>(a.size() + b.size());
  const double lambda = (std::sqrt(n) + 0.12 + 0.11 / std::sqrt(n)) * result.distance;
  double sum = 0, sign = 1;
  for (int k = 1; k <= 100; ++k, sign = -sign) sum += sign * std::exp(-2 * lambda * lambda * k * k);
  result.probability = lambda < 0.2 ? 1 : std::clamp(2 * sum, 0.0, 1.0);
  return result;
}

Json to_json(const Answers& answers) {
  Json json;
  json["accuracy"] = answers.accuracy;
  json["entropy"] = answers.entropy;
  json["classes"] = answers.classes;
  json["nan_share"] = answers.nan_share;
  return json;
}

Json to_json(const Summary& summary) {
  Json json;
  json["mean"] = summary.mean;
  json["sd"] = summary.deviation;
  json["se"] = summary.standard_error;
  json["min"] = summary.least;
  json["max"] = summary.greatest;
  return json;
}

Json to_json(const Comparison& comparison) {
  Json json;
  json["ks_distance"] = comparison.distance;
  json["ks_probability"] = comparison.probability;
  return json;
}

std::vector<double> accuracies(const std::vector<Answers>& many) {
  std::vector<double> values;
  for (const Answers& one : many) values.push_back(one.accuracy);
  return values;
}

Json to_json(const std::vector<Answers>& many) {
  std::vector<double> entropy, classes, nan_share;
  for (const Answers& one : many) {
    entropy.push_back(one.entropy);
    classes.push_back(static_cast<double>(one.classes));
    nan_share.push_back(one.nan_share);
  }
  Json json;
  json["count"] = many.size();
  json["accuracy"] = to_json(summarise(accuracies(many)));
  json["entropy"] = to_json(summarise(entropy));
  json["classes"] = to_json(summarise(classes));
  json["nan_share"] = to_json(summarise(nan_share));
  json["accuracies"] = Json::array(accuracies(many));
  return json;
}

}  // namespace nnlock::lab
