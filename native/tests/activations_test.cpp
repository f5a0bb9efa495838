// Measures the activations and checks the masks of one instruction set, the one that this file is
// compiled for: it includes the kernels' headers itself. activations_main.cpp starts it.
#include "kernels/activations.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <limits>
#include <random>
#include <string>
#include <type_traits>
#include <vector>

#include "kernels/philox.h"

namespace elman::ELMAN_ISA {
namespace {

int failures = 0;

void expect(bool holds, const std::string& what) {
  if (holds) return;
  ++failures;
  std::printf("FAILED: %s\n", what.c_str());
}

// ---- activations --------------------------------------------------------------------------------

// Wide enough to be the truth for Real.
template <typename Real>
using Wider = std::conditional_t<sizeof(Real) == 4, double, long double>;

struct Logistic {
  static constexpr const char* name = "logistic";
  template <typename V>
  static ELMAN_INLINE void apply(V& x) {
    x = logistic(x);
  }
  template <typename V, int count>
  static ELMAN_INLINE void apply(V (&x)[count]) {
    logistic(x);
  }
  template <typename Real>
  static Real truth(Real x) {
    return 1 / (1 + std::exp(-x));
  }
};

struct Tangent {
  static constexpr const char* name = "tanh";
  template <typename V>
  static ELMAN_INLINE void apply(V& x) {
    x = tangent(x);
  }
  template <typename V, int count>
  static ELMAN_INLINE void apply(V (&x)[count]) {
    tangent(x);
  }
  template <typename Real>
  static Real truth(Real x) {
    return std::tanh(x);
  }
};

// The activation of each argument, alone and in fours, which must be the same. (Which NaN comes of
// several is up to the processor, and to the order in which the compiler hands them to it.)
template <typename Activation, typename Real>
std::vector<Real> values_of(std::vector<Real> arguments) {
  constexpr Size L = lanes<Real>;
  const std::size_t size = arguments.size();
  arguments.resize(static_cast<std::size_t>(up_to(static_cast<Size>(size), 4 * L)));
  std::vector<Real> alone = arguments, in_fours = arguments;
  for (std::size_t first = 0; first < arguments.size(); first += 4 * L) {
    const Real* from = arguments.data() + first;
    Vector<Real> four[] = {load(from), load(from + L), load(from + 2 * L), load(from + 3 * L)};
    for (Size k = 0; k < 4; ++k) {
      Vector<Real> one = four[k];
      Activation::apply(one);
      store(alone.data() + first + k * L, one);
    }
    Activation::apply(four);
    for (Size k = 0; k < 4; ++k) store(in_fours.data() + first + k * L, four[k]);
  }
  const auto same = [](Real a, Real b) {
    return (std::isnan(a) && std::isnan(b)) || std::memcmp(&a, &b, sizeof a) == 0;
  };
  expect(std::equal(alone.begin(), alone.end(), in_fours.begin(), same),
         std::string(Activation::name) + ": alone and in fours differ");
  alone.resize(size);
  return alone;
}

// How far off `found` is, in units of the last place that Real has at the true value.
template <typename Real>
double error_of(Real found, Wider<Real> truth) {
  const double size = std::abs(static_cast<double>(truth));
  if (std::isnan(found)) return INFINITY;
  constexpr Real smallest = std::numeric_limits<Real>::min();
  if (size < smallest && std::abs(found) < smallest) return 0;
  const int exponent = static_cast<int>(std::bit_cast<std::uint64_t>(size) >> 52) - 1023;
  const int digits = std::numeric_limits<Real>::digits;
  const int place = std::max(exponent + 1, std::numeric_limits<Real>::min_exponent) - digits;
  return static_cast<double>(std::abs(found - truth) / std::ldexp(Wider<Real>(1), place));
}

struct Worst {
  double error = 0, at = 0;
};

template <typename Activation, typename Real>
void measure(const std::vector<Real>& arguments, Worst& worst) {
  const std::vector<Real> found = values_of<Activation>(arguments);
  for (std::size_t k = 0; k < arguments.size(); ++k) {
    if (std::isnan(arguments[k])) {
      if (!std::isnan(found[k])) expect(false, std::string(Activation::name) + " lost a NaN");
      continue;
    }
    const double error = error_of(found[k], Activation::truth(Wider<Real>(arguments[k])));
    if (error > worst.error) worst = {error, static_cast<double>(arguments[k])};
  }
}

template <typename Activation, typename Real>
void report(const Worst& worst) {
  const char* type = sizeof(Real) == 4 ? "float" : "double";
  std::printf("%-8s of %-6s: within %.3f units in the last place (at %.17g)\n", Activation::name,
              type, worst.error, worst.at);
  expect(worst.error <= (sizeof(Real) == 4 ? 2 : 2.25), std::string(Activation::name) + " is off");
}

// Every `stride`-th float.
template <typename Activation>
void measure_floats(std::uint64_t stride) {
  constexpr std::uint64_t all = std::uint64_t{1} << 32;
  constexpr std::size_t chunk = 1 << 14;
  std::vector<float> arguments;
  Worst worst;
  for (std::uint64_t bits = 0; bits < all; bits += stride) {
    arguments.push_back(std::bit_cast<float>(static_cast<std::uint32_t>(bits)));
    if (arguments.size() < chunk && bits + stride < all) continue;
    measure<Activation>(arguments, worst);
    arguments.clear();
  }
  report<Activation, float>(worst);
}

// Doubles of every size that matters.
template <typename Activation>
void measure_doubles() {
  std::mt19937_64 generator(1);
  std::vector<double> arguments;
  for (const double range : {1e-300, 1e-9, 1e-3, 0.1, 0.4, 0.7, 1.0, 3.0, 20.0, 40.0, 720.0, 1e4}) {
    std::uniform_real_distribution<double> uniform(-range, range);
    for (int k = 0; k < 50'000; ++k) arguments.push_back(uniform(generator));
  }
  Worst worst;
  measure<Activation>(arguments, worst);
  report<Activation, double>(worst);
}

template <typename Activation, typename Real>
Real one_value(Real x) {
  return values_of<Activation>(std::vector<Real>(1, x))[0];
}

template <typename Real>
void test_ends() {
  constexpr Real inf = std::numeric_limits<Real>::infinity();
  constexpr Real smallest = std::numeric_limits<Real>::min();
  expect(one_value<Logistic>(inf) == 1, "logistic of infinity");
  expect(std::abs(one_value<Logistic>(-inf)) < smallest, "logistic of minus infinity");
  expect(one_value<Logistic>(Real(0)) == Real(0.5), "logistic of zero");
  expect(one_value<Tangent>(inf) == 1 && one_value<Tangent>(-inf) == -1, "tanh of infinity");
  expect(!std::signbit(one_value<Tangent>(Real(0))), "tanh of zero");
  expect(std::signbit(one_value<Tangent>(Real(-0.0))), "tanh of minus zero");
}

// The bits of a result do not depend on the lane, nor on what is in the others; tanh is odd.
template <typename Activation, typename Real>
void test_lanes() {
  std::mt19937_64 generator(2);
  std::normal_distribution<Real> normal(0, 3);
  std::vector<Real> arguments(1000);
  for (Real& x : arguments) x = normal(generator);
  const std::vector<Real> wanted = values_of<Activation>(arguments);
  for (std::size_t shift = 1; shift < lanes<Real>; ++shift) {
    const std::vector<Real> rest(arguments.begin() + static_cast<std::ptrdiff_t>(shift),
                                 arguments.end());
    const std::vector<Real> found = values_of<Activation>(rest);
    expect(std::equal(found.begin(), found.end(), wanted.begin() + shift),
           std::string(Activation::name) + " depends on the lane");
  }
  if constexpr (std::is_same_v<Activation, Tangent>) {
    for (Real& x : arguments) x = -x;
    std::vector<Real> found = values_of<Tangent>(arguments);
    for (Real& x : found) x = -x;
    expect(found == wanted, "tanh is not odd");
  }
}

// ---- masks --------------------------------------------------------------------------------------

using Counter = std::array<std::uint32_t, 4>;

Counter plain_philox(Counter counter, std::uint32_t low_key, std::uint32_t high_key) {
  for (int round = 0; round < 10; ++round) {
    const std::uint64_t p = std::uint64_t{0xD2511F53} * counter[0];
    const std::uint64_t q = std::uint64_t{0xCD9E8D57} * counter[2];
    counter = {
        static_cast<std::uint32_t>(q >> 32) ^ counter[1] ^ low_key, static_cast<std::uint32_t>(q),
        static_cast<std::uint32_t>(p >> 32) ^ counter[3] ^ high_key, static_cast<std::uint32_t>(p)};
    low_key += 0x9E3779B9;
    high_key += 0xBB67AE85;
  }
  return counter;
}

// The known answers of Random123, the authors' own library, in every lane.
void test_known_answers() {
  struct Known {
    Counter counter;
    std::uint32_t low_key, high_key;
    Counter answer;
  };
  const Known table[] = {
      {{0, 0, 0, 0}, 0, 0, {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
      {{~0u, ~0u, ~0u, ~0u}, ~0u, ~0u, {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}},
      {{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344},
       0xa4093822,
       0x299f31d0,
       {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}}};
  for (const Known& known : table) {
    expect(plain_philox(known.counter, known.low_key, known.high_key) == known.answer,
           "the plain Philox misses a known answer");
    Words words[4];
    for (int k = 0; k < 4; ++k) words[k] = Words{} + known.counter[static_cast<std::size_t>(k)];
    philox(words[0], words[1], words[2], words[3],
           known.low_key | std::uint64_t{known.high_key} << 32);
    for (int k = 0; k < 4; ++k) {
      for (Size lane = 0; lane < lanes<std::uint64_t>; ++lane) {
        expect(
            static_cast<std::uint32_t>(words[k][lane]) == known.answer[static_cast<std::size_t>(k)],
            "Philox misses a known answer");
      }
    }
  }
}

template <typename Real>
void test_mask(Size units, std::int64_t key, std::int64_t step, std::uint32_t stream,
               std::uint32_t threshold) {
  constexpr Real guard = 7;
  std::vector<Real> mask(static_cast<std::size_t>(units) + 2, guard);
  keep_mask(mask.data() + 1, units, key, step, stream, threshold);
  std::vector<Real> wanted(mask.size(), guard);
  for (Size u = 0; u < units; ++u) {
    const Counter words =
        plain_philox({static_cast<std::uint32_t>(u / 4), static_cast<std::uint32_t>(step),
                      static_cast<std::uint32_t>(step >> 32), stream},
                     static_cast<std::uint32_t>(key), static_cast<std::uint32_t>(key >> 32));
    const bool kept = words[static_cast<std::size_t>(u % 4)] >> 8 >= threshold;
    wanted[static_cast<std::size_t>(u) + 1] = kept ? 1 : 0;
  }
  expect(mask == wanted, "mask of " + std::to_string(units) + " units, key " + std::to_string(key) +
                             ", step " + std::to_string(step));
}

template <typename Real>
void test_masks() {
  const std::int64_t numbers[] = {0,
                                  7,
                                  -1,
                                  0x123456789abcdef0,
                                  std::numeric_limits<std::int64_t>::min(),
                                  std::numeric_limits<std::int64_t>::max()};
  const std::uint32_t thresholds[] = {0, 1, 1 << 23, 3'355'443, (1 << 24) - 1, 1 << 24};
  for (const Size units : {0, 1, 2, 3, 4, 5, 7, 8, 15, 16, 17, 31, 32, 33, 100, 512}) {
    for (const std::int64_t key : numbers) {
      for (const std::int64_t step : numbers) test_mask<Real>(units, key, step, 1, 1 << 23);
    }
    for (const std::uint32_t threshold : thresholds) {
      for (const std::uint32_t stream : {0u, 2u, ~0u}) {
        test_mask<Real>(units, 5, 11, stream, threshold);
      }
    }
  }
}

}  // namespace

// Prints what failed; how much did. With `exhaustive` the float activations are measured at every
// float (a few minutes), else at a million of them.
int test_activations(bool exhaustive) {
  const DenormalMode scope;
  const std::uint64_t stride = exhaustive ? 1 : 4099;
  measure_floats<Logistic>(stride);
  measure_floats<Tangent>(stride);
  measure_doubles<Logistic>();
  measure_doubles<Tangent>();
  test_ends<float>();
  test_ends<double>();
  test_lanes<Logistic, float>();
  test_lanes<Tangent, float>();
  test_lanes<Logistic, double>();
  test_lanes<Tangent, double>();
  test_known_answers();
  test_masks<float>();
  test_masks<double>();
  return failures;
}

}  // namespace elman::ELMAN_ISA
