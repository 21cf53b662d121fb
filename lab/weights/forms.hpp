// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// The two forms in which a network's weights are stored, and back into a network.
//
// float32: every parameter and buffer as it is.
// int8: each unit with its normalisation folded in: weights int8 with a scale for each output (symmetric, -127 to 127), the bias
// int32 with scale (input scale x weight scale), as in TFLite; scales, which TFLite keeps in its structure, are tensors named
// `*.scale` that schemes leave plain. What belongs to no unit stays float32. Inference is simulated in float32: weights are multiplied
// out, and the input of each unit is rounded and clamped to what int8 can hold. Sums between units (shortcuts, attention) are not.
#pragma once

#include "lab/datasets/dataset.hpp"
#include "lab/targets/network.hpp"
#include "lab/weights/form.hpp"
#include "lab/weights/safetensors.hpp"

namespace nnlock::lab {

bool is_scale(const std::string& tensor);  // public structure, no parameter

// `calibration` gives the range of each unit's input; used for int8 only.
Weights stored(Network& network, Form form, const Images& calibration);
// Either form, told by the types. Throws Failure when the tensors are not those of this network.
void load(Network& network, const Weights& weights);

}  // namespace nnlock::lab
