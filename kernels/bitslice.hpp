// SPDX-FileCopyrightText: The nnlock authors
// SPDX-License-Identifier: Apache-2.0
//
// The AES S-box on 128 bytes at a time with logic operations only: no table, no branch, constant time on any CPU.
//
// 128 bytes are two lanes of 64; each lane is eight 64-bit words; transposing 8x8 bits turns them into eight bit planes:
//
//     plane b, lane l, bit 8*B + j   =   bit b of byte 64*l + 8*j + B
//
// A plane is a vector of two 64-bit lanes (SSE2, NEON, or two plain registers: the compiler chooses).
// Shared by the portable kernels, which are compiled with the same flags.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace nnlock::kernels::bitslice {

using Plane __attribute__((vector_size(16))) = std::uint64_t;

inline constexpr std::size_t bytes = 128;

struct Planes {
  Plane p[8];  // p[0] holds the least significant bits
};

// Little-endian whatever the machine is. By memcpy: g++ 12 does not make one load of eight bytes shifted together.
[[gnu::always_inline]] static inline std::uint64_t load64(const std::uint8_t* p) {
  std::uint64_t x;
  std::memcpy(&x, p, 8);
  return std::endian::native == std::endian::little ? x : __builtin_bswap64(x);
}

[[gnu::always_inline]] static inline void store64(std::uint8_t* p, std::uint64_t x) {
  if (std::endian::native != std::endian::little) x = __builtin_bswap64(x);
  std::memcpy(p, &x, 8);
}

// Swaps the bits of a under mask << n with those of b under mask.
[[gnu::always_inline]] static inline void swap_bits(Plane& a, Plane& b, unsigned n, std::uint64_t mask) {
  const Plane t = ((a >> n) ^ b) & mask;
  b ^= t;
  a ^= t << n;
}

// Words to planes and, being its own inverse, planes to words.
[[gnu::always_inline]] static inline void transpose(Planes& x) {
  for (unsigned i = 0; i < 8; i += 2) swap_bits(x.p[i], x.p[i + 1], 1, 0x5555555555555555);
  for (unsigned i = 0; i < 4; ++i) swap_bits(x.p[i + (i & 2)], x.p[i + (i & 2) + 2], 2, 0x3333333333333333);
  for (unsigned i = 0; i < 4; ++i) swap_bits(x.p[i], x.p[i + 4], 4, 0x0f0f0f0f0f0f0f0f);
}

[[gnu::always_inline]] static inline Planes load(const std::uint8_t* in) {
  Planes x;
  for (unsigned j = 0; j < 8; ++j) x.p[j] = Plane{load64(in + 8 * j), load64(in + 64 + 8 * j)};
  transpose(x);
  return x;
}

[[gnu::always_inline]] static inline void store(std::uint8_t* out, Planes x) {
  transpose(x);
  for (unsigned j = 0; j < 8; ++j) {
    store64(out + 8 * j, x.p[j][0]);
    store64(out + 64 + 8 * j, x.p[j][1]);
  }
}

[[gnu::always_inline]] static inline void exclusive_or(Planes& x, const Planes& y) {
  for (unsigned i = 0; i < 8; ++i) x.p[i] ^= y.p[i];
}

// S of every byte: the circuit of Boyar and Peralta, "A depth-16 circuit for the AES S-box" (2012) and "A new
// combinational logic minimization technique" (2010), whose names are kept: u0 and s0 are the most significant bits.
[[gnu::always_inline]] static inline void substitute(Planes& x) {
  const Plane u0 = x.p[7], u1 = x.p[6], u2 = x.p[5], u3 = x.p[4];
  const Plane u4 = x.p[3], u5 = x.p[2], u6 = x.p[1], u7 = x.p[0];

  // Linear layer in.
  const Plane y14 = u3 ^ u5, y13 = u0 ^ u6, y9 = u0 ^ u3, y8 = u0 ^ u5, t0 = u1 ^ u2;
  const Plane y1 = t0 ^ u7, y4 = y1 ^ u3, y12 = y13 ^ y14, y2 = y1 ^ u0, y5 = y1 ^ u6;
  const Plane y3 = y5 ^ y8, t1 = u4 ^ y12, y15 = t1 ^ u5, y20 = t1 ^ u1, y6 = y15 ^ u7;
  const Plane y10 = y15 ^ t0, y11 = y20 ^ y9, y7 = u7 ^ y11, y17 = y10 ^ y11, y19 = y10 ^ y8;
  const Plane y16 = t0 ^ y11, y21 = y13 ^ y16, y18 = u0 ^ y16;

  // Inversion in GF(2^8) by way of GF(2^4).
  const Plane t2 = y12 & y15, t3 = y3 & y6, t4 = t3 ^ t2, t5 = y4 & u7, t6 = t5 ^ t2;
  const Plane t7 = y13 & y16, t8 = y5 & y1, t9 = t8 ^ t7, t10 = y2 & y7, t11 = t10 ^ t7;
  const Plane t12 = y9 & y11, t13 = y14 & y17, t14 = t13 ^ t12, t15 = y8 & y10, t16 = t15 ^ t12;
  const Plane t17 = t4 ^ t14, t18 = t6 ^ t16, t19 = t9 ^ t14, t20 = t11 ^ t16;
  const Plane t21 = t17 ^ y20, t22 = t18 ^ y19, t23 = t19 ^ y21, t24 = t20 ^ y18;
  const Plane t25 = t21 ^ t22, t26 = t21 & t23, t27 = t24 ^ t26, t28 = t25 & t27, t29 = t28 ^ t22;
  const Plane t30 = t23 ^ t24, t31 = t22 ^ t26, t32 = t31 & t30, t33 = t32 ^ t24, t34 = t23 ^ t33;
  const Plane t35 = t27 ^ t33, t36 = t24 & t35, t37 = t36 ^ t34, t38 = t27 ^ t36, t39 = t29 & t38;
  const Plane t40 = t25 ^ t39, t41 = t40 ^ t37, t42 = t29 ^ t33, t43 = t29 ^ t40, t44 = t33 ^ t37;
  const Plane t45 = t42 ^ t41;
  const Plane z0 = t44 & y15, z1 = t37 & y6, z2 = t33 & u7, z3 = t43 & y16, z4 = t40 & y1, z5 = t29 & y7;
  const Plane z6 = t42 & y11, z7 = t45 & y17, z8 = t41 & y10, z9 = t44 & y12, z10 = t37 & y3, z11 = t33 & y4;
  const Plane z12 = t43 & y13, z13 = t40 & y5, z14 = t29 & y2, z15 = t42 & y9, z16 = t45 & y14, z17 = t41 & y8;

  // Linear layer out, with the affine constant 0x63 as complements.
  const Plane t46 = z15 ^ z16, t47 = z10 ^ z11, t48 = z5 ^ z13, t49 = z9 ^ z10, t50 = z2 ^ z12;
  const Plane t51 = z2 ^ z5, t52 = z7 ^ z8, t53 = z0 ^ z3, t54 = z6 ^ z7, t55 = z16 ^ z17;
  const Plane t56 = z12 ^ t48, t57 = t50 ^ t53, t58 = z4 ^ t46, t59 = z3 ^ t54, t60 = t46 ^ t57;
  const Plane t61 = z14 ^ t57, t62 = t52 ^ t58, t63 = t49 ^ t58, t64 = z4 ^ t59, t65 = t61 ^ t62;
  const Plane t66 = z1 ^ t63, t67 = t64 ^ t65, s3 = t53 ^ t66;
  x.p[7] = t59 ^ t63;
  x.p[6] = ~(t64 ^ s3);
  x.p[5] = ~(t55 ^ t67);
  x.p[4] = s3;
  x.p[3] = t51 ^ t66;
  x.p[2] = t47 ^ t65;
  x.p[1] = ~(t56 ^ t62);
  x.p[0] = ~(t48 ^ t60);
}

// The inverse of the affine map of FIPS 197, 5.1.1: complement by 0x63, then bit i = bits i+2, i+5 and i+7.
[[gnu::always_inline]] static inline void affine_inverse(Planes& x) {
  const Planes y = {{~x.p[0], ~x.p[1], x.p[2], x.p[3], x.p[4], ~x.p[5], ~x.p[6], x.p[7]}};
  for (unsigned i = 0; i < 8; ++i) x.p[i] = y.p[(i + 2) % 8] ^ y.p[(i + 5) % 8] ^ y.p[(i + 7) % 8];
}

// S^-1 of every byte. S is A(1/x), so 1/x is A^-1(S(x)), and S^-1(x) = 1/A^-1(x) = A^-1(S(A^-1(x))).
[[gnu::always_inline]] static inline void substitute_inverse(Planes& x) {
  affine_inverse(x);
  substitute(x);
  affine_inverse(x);
}

}  // namespace nnlock::kernels::bitslice
