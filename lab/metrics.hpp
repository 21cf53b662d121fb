// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// What a network's answers are worth, and what a set of such figures says.
#pragma once

#include <span>
#include <vector>

#include "lab/datasets/dataset.hpp"
#include "lab/json.hpp"
#include "lab/targets/network.hpp"

namespace nnlock::lab {

// Answers to one set of labelled images. The answer is the first largest logit, as runtimes take it; a NaN counts as larger than any
// number, so a network whose logits are all NaN answers class 0.
struct Answers {
  double accuracy = 0;   // share of right answers
  double entropy = 0;    // of the distribution of answers, in bits; log2(10) = 3.32 when all classes are answered alike
  std::int64_t classes = 0;  // that are answered at all
  double nan_share = 0;  // share of images with a logit that is NaN or infinite
};

Answers judge(const torch::Tensor& logits, const torch::Tensor& labels);
torch::Tensor logits_of(Network& network, const torch::Tensor& pixels);  // in parts, without gradients
Answers measure(Network& network, const Images& images);

struct Summary {
  std::size_t count = 0;
  double mean = 0, deviation = 0, standard_error = 0, least = 0, greatest = 0;  // deviation of the sample (n - 1)
};
Summary summarise(std::span<const double> values);
// The largest distance between two distribution functions (Kolmogorov and Smirnov), 0 to 1, and the probability of one at least as
// large when both samples come from one distribution (the asymptotic series; good from 20 values on).
struct Comparison {
  double distance = 0, probability = 1;
};
Comparison compare(std::vector<double> a, std::vector<double> b);

Json to_json(const Answers& answers);
Json to_json(const Summary& summary);
Json to_json(const Comparison& comparison);
// Summaries of each figure over many networks, and the single accuracies.
Json to_json(const std::vector<Answers>& many);
std::vector<double> accuracies(const std::vector<Answers>& many);

}  // namespace nnlock::lab
