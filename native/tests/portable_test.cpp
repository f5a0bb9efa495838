// The portable level computes the same bits on every processor: a hash of all that it gives,
// forward and backward, for each recurrence, tape and precision, must be the one in portable.txt
// beside this file. Prints what failed, exits with 1. The argument "print" prints what the file
// should hold.
//
// Compiled without contraction, too, so that it draws the same numbers everywhere. Tokens, prepared
// weights and threads give the bits of what is run here: kernels_test.cpp.
#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <string>
#include <type_traits>
#include <vector>

#include "elman/isa.h"
#include "problem.h"
#include "running.h"
#include "tapes.h"

namespace {

using namespace elman::test;

// FNV-1a of the bits of numbers. One NaN is as good as another: processors choose its sign.
class Hash {
 public:
  template <typename Real>
  void add(const std::vector<Real>& values) {
    using Bits = std::conditional_t<sizeof(Real) == 4, std::uint32_t, std::uint64_t>;
    for (const Real value : values) {
      const auto bits = std::bit_cast<Bits>(std::isnan(value) ? Real(NAN) : value);
      for (std::size_t k = 0; k < sizeof(Real); ++k) {
        hash_ = (hash_ ^ (bits >> 8 * k & 0xFF)) * 0x100000001b3;
      }
    }
  }
  std::string text() const {
    char digits[17];
    std::snprintf(digits, sizeof digits, "%016llx", static_cast<unsigned long long>(hash_));
    return digits;
  }

 private:
  std::uint64_t hash_ = 0xcbf29ce484222325;
};

const elman::Isa& portable() {
  const elman::Isa* first = elman::available_isa(0);
  expect(std::strcmp(first->name, "portable") == 0, "the first level is the portable one");
  return *first;
}

// Moderate numbers, such whose products are too small for a normal number, and such whose products
// are too large for any.
template <typename Real>
const double magnitudes[] = {1, sizeof(Real) == 4 ? 0x1p-70 : 0x1p-530,
                             sizeof(Real) == 4 ? 0x1p70 : 0x1p530};

template <typename Real>
std::string bits_of(const Variant& variant) {
  Hash forward, backward;
  int turn = 0;
  for (const auto& [batch, time, inputs, hidden] :
       {std::array<Size, 4>{1, 3, 2, 1}, {3, 4, 5, 7}, {2, 3, 19, 17}, {9, 5, 2, 33}}) {
    const Size recurrent = variant.projection ? std::max(Size{1}, hidden - 2) : hidden;
    for (int mode = 0; mode < 8; ++mode) {
      auto problem =
          as<Real>(random_problem(variant, {batch, time, inputs, hidden, recurrent}, mode));
      const double magnitude = magnitudes<Real>[turn++ % 3];
      for (auto* leaf : problem.leaves()) {
        for (Real& value : *leaf) value = static_cast<Real>(value * magnitude);
      }
      const auto found = run(portable(), problem);
      for (const auto* part : {&found.outputs, &found.final_hidden, &found.final_cell}) {
        forward.add(*part);
      }
      for (const auto& grad : run_back(portable(), problem, found)) backward.add(grad);
    }
  }
  return forward.text() + " " + backward.text();
}

template <typename Real>
std::string bits_of_dense() {
  Hash hash;
  for (const Size size : {1, 2, 7, 16, 33, 500}) {
    for (const double magnitude : magnitudes<Real>) {
      const auto inputs = random_values<Real>(size * 13, magnitude);
      const auto weight = random_values<Real>(size * 13, magnitude);
      const auto bias = random_values<Real>(size, magnitude);
      hash.add(run_dense<Real>(portable(), size, 13, size, inputs, weight, bias));
      hash.add(run_dense<Real>(portable(), 13, size, 13, inputs, weight, {}));
    }
  }
  return hash.text();
}

template <typename Real>
std::string bits_of_attention() {
  Hash hash;
  for (const Size size : {1, 2, 7, 16, 33, 100}) {
    for (const double magnitude : {1.0, 1e-3, 30.0}) {
      for (const bool additive : {false, true}) {
        hash.add(run_attention<Real>(portable(), {4, size, 13, 9}, size / 2, additive, magnitude));
        hash.add(run_attention<Real>(portable(), {4, 11, size, size}, 5, additive, magnitude));
      }
    }
  }
  return hash.text();
}

template <typename Real>
std::string bits_of_tape(const TapeCell& cell) {
  Hash forward, backward;
  int turn = 0;
  for (const Size batch : {1, 3, 9}) {
    for (int mode = 0; mode < 8; ++mode) {
      const double magnitude = magnitudes<Real>[turn++ % 3];
      TapeProblem<Real> problem(cell, batch, 4, mode, magnitude);
      const auto found = run(portable(), problem);
      forward.add(found.outputs);
      for (const auto& part : found.finals) forward.add(part);
      for (const auto& grad : run_back(portable(), problem, found)) backward.add(grad);
    }
  }
  return forward.text() + " " + backward.text();
}

std::vector<std::string> all_lines() {
  std::vector<std::string> lines;
  for (const Variant& variant : variants) {
    lines.push_back(variant.name() + " float " + bits_of<float>(variant));
    lines.push_back(variant.name() + " double " + bits_of<double>(variant));
  }
  lines.push_back("dense float " + bits_of_dense<float>());
  lines.push_back("dense double " + bits_of_dense<double>());
  lines.push_back("attention float " + bits_of_attention<float>());
  lines.push_back("attention double " + bits_of_attention<double>());
  for (const auto& [name, cell] : read_tapes()) {
    lines.push_back("tape " + name + " float " + bits_of_tape<float>(cell));
    lines.push_back("tape " + name + " double " + bits_of_tape<double>(cell));
  }
  return lines;
}

}  // namespace

int main(int count, char** words) {
  const auto found = all_lines();
  if (count > 1 && std::strcmp(words[1], "print") == 0) {
    for (const std::string& line : found) std::printf("%s\n", line.c_str());
    return failures == 0 ? 0 : 1;
  }
  std::ifstream file(ELMAN_PORTABLE_BITS);
  std::vector<std::string> wanted;
  for (std::string line; std::getline(file, line);) wanted.push_back(line);
  expect(found.size() == wanted.size(), "as many lines as in " ELMAN_PORTABLE_BITS);
  for (std::size_t k = 0; k < std::min(found.size(), wanted.size()); ++k) {
    expect(found[k] == wanted[k], found[k] + ", not " + wanted[k]);
  }
  std::printf(failures == 0 ? "the portable bits\n" : "%d failures\n", failures);
  return failures == 0 ? 0 : 1;
}
