// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// Which options of builtin TFLite operators refer to bytes outside their own table. Members and field ids are those of the
// public schema's unions BuiltinOptions and BuiltinOptions2.
#pragma once

#include <array>
#include <cstdint>

namespace nnlock::formats {

// Fields of builtin options that are vectors or strings (all others are scalars): union member, field id,
// bytes of one element.
struct TfliteOptionVector {
  std::uint8_t member, field, width;
};
inline constexpr std::array<TfliteOptionVector, 8> kTfliteOptionVectors = {{
    {3, 1, 4},
    {3, 2, 4},  // ConcatEmbeddingsOptions: num_columns_per_channel, embedding_dim_per_channel
    {8, 5, 1},  // FullyConnectedOptions: quant_spec
    {17, 0, 4},
    {30, 0, 4},  // ReshapeOptions: new_shape; SqueezeOptions: squeeze_dims
    {111, 0, 1},
    {111, 1, 1},  // VarHandleOptions: container, shared_name
    {115, 0, 4}   // BucketizeOptions: boundaries
}};
inline constexpr std::array<TfliteOptionVector, 43> kTfliteOptionVectors2 = {{
    {2, 0, 8},                                                  // StablehloBroadcastInDimOptions
    {3, 0, 8},  {3, 1, 8},  {3, 2, 8},                          // StablehloSliceOptions
    {4, 0, 8},  {4, 1, 8},  {4, 2, 8},  {4, 3, 8},  {4, 4, 1},  // StablehloConvolutionOptions
    {4, 7, 8},  {4, 10, 8}, {4, 13, 8}, {4, 16, 4}, {5, 0, 1},
    {5, 2, 1},  {5, 4, 4},  {5, 5, 1},                           // StablehloCustomCallOptions
    {6, 0, 8},                                                   // StablehloReduceOptions
    {7, 1, 8},  {7, 2, 8},  {7, 3, 8},                           // StablehloScatterOptions
    {9, 0, 8},                                                   // StablehloDynamicSliceOptions
    {10, 0, 8}, {10, 1, 8}, {10, 2, 8},                          // StablehloPadOptions
    {12, 0, 8}, {12, 1, 8}, {12, 2, 8}, {12, 3, 8}, {12, 4, 4},  // StablehloDotGeneralOptions
    {13, 0, 8}, {13, 1, 8}, {13, 2, 8}, {13, 3, 8}, {13, 4, 8},  // StablehloReduceWindowOptions
    {16, 0, 8}, {16, 1, 8}, {16, 2, 8}, {16, 4, 8},              // StablehloGatherOptions
    {17, 0, 8},                                                  // StablehloTransposeOptions
    {21, 0, 1}, {21, 2, 1},                                      // StableHLOCompositeOptions
    {23, 0, 4}                                                   // StablehloCaseOptions
}};

}  // namespace nnlock::formats
