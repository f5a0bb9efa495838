// Random problems for the kernels, each array an allocation of its own.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <new>
#include <numeric>
#include <random>
#include <string>
#include <vector>

#include "elman/contract.h"

namespace elman::test {

using Size = std::ptrdiff_t;

inline std::mt19937 generator(1);

// Nearly normal: each the sum of four uniform numbers. (What the library's own distributions draw
// depends on the library.)
template <typename Real>
std::vector<Real> random_values(Size size, double scale, double mean = 0) {
  constexpr double deviation = 0x1p24 / 1.7320508075688772;
  std::vector<Real> values(static_cast<std::size_t>(size));
  for (Real& value : values) {
    std::int64_t sum = -(1 << 25);
    for (int k = 0; k < 4; ++k) sum += static_cast<std::int64_t>(generator() >> 8);
    value = static_cast<Real>(mean + scale * (static_cast<double>(sum) / deviation));
  }
  return values;
}

struct Free {
  void operator()(void* memory) const { ::operator delete(memory, std::align_val_t{64}); }
};
inline std::unique_ptr<void, Free> workspace_of(std::size_t bytes) {
  return std::unique_ptr<void, Free>(::operator new(bytes, std::align_val_t{64}));
}

// A recurrence and its options.
struct Variant {
  Cell cell;
  bool norm = false, peephole = false, projection = false, clip = false, inner_bias = false;
  bool noise = false, keys = false, second_bias = false;

  std::string name() const {
    static const char* const cells[] = {"tanh", "relu", "lstm", "gru_after", "gru_before"};
    std::string text = cells[static_cast<int>(cell)];
    if (norm) text += "-norm";
    if (peephole) text += "-peephole";
    if (projection) text += "-projection";
    if (clip) text += "-clip";
    if (second_bias) text += "-second-bias";
    if (noise) text += keys ? "-masks" : "-noise";
    return text;
  }
};

inline const Variant variants[] = {
    {Cell::tanh},
    {Cell::relu, true},
    {Cell::tanh, true, false, false, false, false, true, true},
    {Cell::relu, false, false, false, false, false, true, false},
    {Cell::lstm},
    {Cell::lstm, false, true},
    {Cell::lstm, false, false, true, false, false, true, true},
    {Cell::lstm, false, true, false, true, false, true, true},
    {Cell::lstm, true, true, true, true, false, true, false},
    {Cell::lstm, true},
    {Cell::gru_after},
    {Cell::gru_after, true, false, false, false, true, true, true},
    {Cell::gru_before},
    {Cell::gru_before, true, false, false, false, false, true, true},
    {Cell::gru_before, false, false, false, false, false, true, false},
    {.cell = Cell::relu, .second_bias = true},
    {.cell = Cell::lstm, .second_bias = true},
    {.cell = Cell::gru_after, .second_bias = true},
    {.cell = Cell::gru_before, .second_bias = true},
};

struct Shape {
  Size batch, time, inputs, hidden, recurrent;
};

inline const char* const leaf_names[] = {
    "weight_ih", "weight_hh", "bias",        "recurrent_bias", "peephole", "projection", "norm_ih",
    "norm_hh",   "norm_cell", "second_bias", "inputs",         "hidden",   "cell"};

template <typename Real>
struct Problem;

// What a forward call writes, filled with NaN.
template <typename Real>
struct Solution {
  std::vector<Real> outputs, final_hidden, final_cell, kept;

  explicit Solution(const Problem<Real>& problem);
};

template <typename Real>
struct Problem {
  Variant variant;
  Shape shape;
  std::array<std::vector<Real>, 10> weights;  // empty: not given
  std::vector<Real> inputs, hidden, cell, grad_outputs, grad_hidden, grad_cell;
  std::vector<std::int64_t> lengths, order, keys, steps;
  std::vector<char> resets;
  bool reverse = false;

  bool is_lstm() const { return variant.cell == Cell::lstm; }
  Size gates() const { return is_lstm() ? 4 : variant.cell >= Cell::gru_after ? 3 : 1; }
  Size length(Size row) const { return lengths.empty() ? shape.time : lengths[row]; }
  // Everything that has a gradient, in the order of leaf_names.
  std::vector<std::vector<Real>*> leaves() {
    std::vector<std::vector<Real>*> all;
    for (auto& weight : weights) all.push_back(&weight);
    all.insert(all.end(), {&inputs, &hidden, &cell});
    return all;
  }
  std::vector<const std::vector<Real>*> leaves() const {
    const auto all = const_cast<Problem*>(this)->leaves();
    return {all.begin(), all.end()};
  }
  std::string name() const {
    std::string text = variant.name();
    for (const Size size : {shape.batch, shape.time, shape.inputs, shape.hidden}) {
      text += " " + std::to_string(size);
    }
    return text;
  }
  // visit(b·T + t) for all steps that are read.
  template <typename Visit>
  void for_each_step(const Visit& visit) const {
    for (Size row = 0; row < shape.batch; ++row) {
      for (Size t = 0; t < length(row); ++t) visit(row * shape.time + t);
    }
  }
  // The sum of what is written times what is sent back.
  double loss(const Solution<Real>& found) const {
    double total = 0;
    for_each_step([&](Size place) {
      for (Size j = place * shape.recurrent; j < (place + 1) * shape.recurrent; ++j) {
        total += static_cast<double>(found.outputs[j]) * grad_outputs[j];
      }
    });
    total = std::inner_product(grad_hidden.begin(), grad_hidden.end(), found.final_hidden.begin(),
                               total);
    return std::inner_product(grad_cell.begin(), grad_cell.end(), found.final_cell.begin(), total);
  }

  static const Real* data(const std::vector<Real>& values) {
    return values.empty() ? nullptr : values.data();
  }
  Recurrence<Real> recurrence() const {
    const auto& w = weights;
    Recurrence<Real> what{variant.cell,
                          shape.inputs,
                          shape.hidden,
                          shape.recurrent,
                          data(w[0]),
                          data(w[1]),
                          data(w[2]),
                          data(w[3]),
                          data(w[9]),
                          data(w[4]),
                          data(w[5]),
                          data(w[6]),
                          data(w[7]),
                          data(w[8]),
                          0,
                          0,
                          0,
                          0,
                          0,
                          false,
                          nullptr,
                          nullptr};
    if (is_lstm()) what.forget_bias = Real(0.75);
    if (variant.clip) what.cell_clip = Real(0.5);
    if (!variant.noise) return what;
    what.zoneout_hidden = 0.25;
    what.zoneout_cell = is_lstm() ? 0.5 : 0;
    what.recurrent_dropout = 0.375;
    if (!variant.keys) return what;
    what.variational = reverse;
    what.noise_keys = keys.data();
    what.noise_steps = steps.data();
    return what;
  }
  Reading reading() const {
    static_assert(sizeof(bool) == sizeof(char));
    return {shape.batch,
            shape.time,
            lengths.empty() ? nullptr : lengths.data(),
            lengths.empty() ? nullptr : order.data(),
            resets.empty() ? nullptr : reinterpret_cast<const bool*>(resets.data()),
            reverse};
  }
  Sequence<const Real> sequence(const std::vector<Real>& values, Size features) const {
    return {values.data(), shape.time * features, features};
  }
  Forward<Real> forward() const {
    Forward<Real> call{};
    call.recurrence = recurrence();
    call.reading = reading();
    call.inputs = sequence(inputs, shape.inputs);
    call.hidden = data(hidden);
    call.cell = data(cell);
    return call;
  }
  Backward<Real> backward(const Solution<Real>& found, std::vector<std::vector<Real>>& to) const {
    const auto at = [&](std::size_t k) { return to[k].empty() ? nullptr : to[k].data(); };
    Backward<Real> call{};
    call.recurrence = recurrence();
    call.reading = reading();
    call.inputs = sequence(inputs, shape.inputs);
    call.hidden = data(hidden);
    call.cell = data(cell);
    call.outputs = sequence(found.outputs, shape.recurrent);
    call.kept = found.kept.data();
    call.grad_outputs = sequence(grad_outputs, shape.recurrent);
    call.grad_final_hidden = data(grad_hidden);
    call.grad_final_cell = data(grad_cell);
    call.grad_inputs = {at(10), shape.time * shape.inputs, shape.inputs};
    Real** const wanted[] = {&call.grad_weight_ih,      &call.grad_weight_hh, &call.grad_bias,
                             &call.grad_recurrent_bias, &call.grad_peephole,  &call.grad_projection,
                             &call.grad_norm_ih,        &call.grad_norm_hh,   &call.grad_norm_cell,
                             &call.grad_second_bias};
    for (std::size_t k = 0; k < 10; ++k) *wanted[k] = at(k);
    call.grad_hidden = at(11);
    call.grad_cell = at(12);
    return call;
  }
};

template <typename Real>
Solution<Real>::Solution(const Problem<Real>& problem)
    : outputs(static_cast<std::size_t>(problem.shape.batch * problem.shape.time *
                                       problem.shape.recurrent),
              Real(NAN)),
      final_hidden(static_cast<std::size_t>(problem.shape.batch * problem.shape.recurrent),
                   Real(NAN)),
      final_cell(problem.cell.size(), Real(NAN)) {}

// The bits of `mode` say: with lengths, with resets, reversed.
inline Problem<float> random_problem(const Variant& variant, const Shape& shape, int mode) {
  const auto [B, T, I, H, R] = shape;
  Problem<float> made{variant, shape, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}};
  const Size rows = made.gates() * H;
  const double scale = std::min(0.7, 1.5 / std::sqrt(static_cast<double>(H)));
  const auto optional = [&](bool given, Size size, double mean) {
    return random_values<float>(given ? size : 0, 0.5, mean);
  };
  made.weights = {random_values<float>(rows * I, scale),
                  random_values<float>(rows * R, scale),
                  random_values<float>(rows, 0.5),
                  optional(variant.inner_bias, H, 0),
                  optional(variant.peephole, 3 * H, 0),
                  optional(variant.projection, R * H, 0),
                  optional(variant.norm, rows, 1),
                  optional(variant.norm, rows, 1),
                  optional(variant.norm && made.is_lstm(), 2 * H, 1),
                  optional(variant.second_bias, rows, 0)};
  made.inputs = random_values<float>(B * T * I, 1);
  made.hidden = random_values<float>(B * R, 0.5);
  made.grad_outputs = random_values<float>(B * T * R, 1);
  made.grad_hidden = random_values<float>(B * R, 1);
  if (made.is_lstm()) {
    made.cell = random_values<float>(B * H, 0.5);
    made.grad_cell = random_values<float>(B * H, 1);
  }
  made.reverse = (mode & 4) != 0;
  for (Size row = 0; row < B; ++row) {
    made.keys.push_back(static_cast<std::int64_t>(generator()) << 31);
    made.steps.push_back(row % 2 == 0 ? 0 : (std::int64_t{1} << 32) - 2);
    for (Size t = 0; (mode & 2) != 0 && t < T; ++t) made.resets.push_back(generator() % 4 == 0);
    if ((mode & 1) == 0) continue;
    made.lengths.push_back(static_cast<Size>(generator() % static_cast<unsigned>(T + 1)));
    // What is past a length must not be read.
    const Size read = row * T + made.lengths.back();
    std::fill(made.inputs.begin() + read * I, made.inputs.begin() + (row + 1) * T * I, NAN);
    std::fill(made.grad_outputs.begin() + read * R, made.grad_outputs.begin() + (row + 1) * T * R,
              NAN);
  }
  made.order.resize(made.lengths.size());
  std::iota(made.order.begin(), made.order.end(), 0);
  std::stable_sort(made.order.begin(), made.order.end(), [&](std::int64_t a, std::int64_t b) {
    return made.lengths[static_cast<std::size_t>(a)] > made.lengths[static_cast<std::size_t>(b)];
  });
  return made;
}

// The same problem in another precision.
template <typename To>
Problem<To> as(const Problem<float>& from) {
  Problem<To> to{from.variant, from.shape, {},         {},          {},
                 {},           {},         {},         {},          from.lengths,
                 from.order,   from.keys,  from.steps, from.resets, from.reverse};
  const auto convert = [](const std::vector<float>& values) {
    return std::vector<To>(values.begin(), values.end());
  };
  for (std::size_t k = 0; k < from.weights.size(); ++k) to.weights[k] = convert(from.weights[k]);
  to.inputs = convert(from.inputs);
  to.hidden = convert(from.hidden);
  to.cell = convert(from.cell);
  to.grad_outputs = convert(from.grad_outputs);
  to.grad_hidden = convert(from.grad_hidden);
  to.grad_cell = convert(from.grad_cell);
  return to;
}

}  // namespace elman::test
