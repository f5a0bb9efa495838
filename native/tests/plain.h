// The recurrences by plain loops, row by row and step by step: elman/kernels/equations.py in C++,
// all options but masks.
#pragma once

#include <algorithm>
#include <cmath>
#include <vector>

#include "problem.h"

namespace elman::test {

using Values = std::vector<double>;

inline double sigmoid(double x) {
  return 1 / (1 + std::exp(-x));
}

class PlainRow {
 public:
  explicit PlainRow(const Problem<double>& problem)
      : shape_(problem.shape), what_(problem.recurrence()) {}

  // The new h and c, from those before.
  void step(const double* x, Values& h, Values& c) const {
    switch (what_.cell) {
      case Cell::lstm:
        return step_lstm(x, h, c);
      case Cell::gru_after:
      case Cell::gru_before:
        return step_gru(x, h);
      default:
        return step_simple(x, h);
    }
  }

 private:
  // Rows first…first+count-1 of weight · v, normalised together if there are gains.
  Values product(const double* weight, const double* gains, const double* v, Size depth, Size first,
                 Size count) const {
    Values sums(static_cast<std::size_t>(count));
    for (Size j = 0; j < count; ++j) {
      for (Size k = 0; k < depth; ++k) sums[j] += weight[(first + j) * depth + k] * v[k];
    }
    if (gains != nullptr) normalise(sums, gains + first);
    return sums;
  }
  Values from_x(const double* x, Size first, Size count) const {
    return product(what_.weight_ih, what_.norm_ih, x, shape_.inputs, first, count);
  }
  Values from_h(const Values& h, Size first, Size count) const {
    return product(what_.weight_hh, what_.norm_hh, h.data(), shape_.recurrent, first, count);
  }

  // What is added outside the reset gate.
  double bias(Size j) const {
    const bool outside = what_.cell != Cell::gru_after || j < 2 * shape_.hidden;
    return what_.bias[j] + (what_.second_bias != nullptr && outside ? what_.second_bias[j] : 0);
  }

  static void normalise(Values& values, const double* gains) {
    const auto count = static_cast<double>(values.size());
    double mean = 0, variance = 0;
    for (const double value : values) mean += value / count;
    for (const double value : values) variance += (value - mean) * (value - mean) / count;
    for (std::size_t j = 0; j < values.size(); ++j) {
      values[j] = gains[j] * (values[j] - mean) / std::sqrt(variance + 1e-5);
    }
  }

  static void zone(Values& fresh, const Values& before, double rate) {
    for (std::size_t j = 0; j < fresh.size(); ++j) {
      fresh[j] = rate * before[j] + (1 - rate) * fresh[j];
    }
  }

  void step_simple(const double* x, Values& h) const {
    const Size H = shape_.hidden;
    const Values a = from_x(x, 0, H), u = from_h(h, 0, H);
    Values fresh(h.size());
    for (Size j = 0; j < H; ++j) {
      const double sum = a[j] + u[j] + bias(j);
      fresh[j] = what_.cell == Cell::tanh ? std::tanh(sum) : std::max(sum, 0.0);
    }
    zone(fresh, h, what_.zoneout_hidden);
    h = fresh;
  }

  void step_lstm(const double* x, Values& h, Values& c) const {
    const Size H = shape_.hidden, R = shape_.recurrent;
    const Values a = from_x(x, 0, 4 * H), u = from_h(h, 0, 4 * H);
    const auto gate = [&](Size k, Size j) { return a[k * H + j] + u[k * H + j] + bias(k * H + j); };
    const auto peephole = [&](Size k, Size j, double cell) {
      return what_.peephole == nullptr ? 0 : what_.peephole[k * H + j] * cell;
    };
    Values fresh(c.size()), out(c.size());
    for (Size j = 0; j < H; ++j) {
      const double in = sigmoid(gate(0, j) + peephole(0, j, c[j]));
      const double forget = sigmoid(gate(1, j) + peephole(1, j, c[j]) + what_.forget_bias);
      fresh[j] = forget * c[j] + in * std::tanh(gate(2, j));
      const double clip = what_.cell_clip > 0 ? what_.cell_clip : INFINITY;
      fresh[j] = std::clamp(fresh[j], -clip, clip);
      out[j] = sigmoid(gate(3, j) + peephole(2, j, fresh[j]));
    }
    Values seen = fresh;
    if (what_.norm_cell != nullptr) normalise(seen, what_.norm_cell);
    for (Size j = 0; j < H; ++j) {
      if (what_.norm_cell != nullptr) seen[j] += what_.norm_cell[H + j];
      seen[j] = out[j] * std::tanh(seen[j]);
    }
    Values hidden = seen;
    if (what_.projection != nullptr) {
      hidden = product(what_.projection, nullptr, seen.data(), H, 0, R);
    }
    zone(hidden, h, what_.zoneout_hidden);
    zone(fresh, c, what_.zoneout_cell);
    h = hidden;
    c = fresh;
  }

  void step_gru(const double* x, Values& h) const {
    const Size H = shape_.hidden;
    const Values a = from_x(x, 0, 2 * H), u = from_h(h, 0, 2 * H), a_n = from_x(x, 2 * H, H);
    Values reset(h.size()), seen = h, fresh(h.size());
    for (Size j = 0; j < H; ++j) {
      reset[j] = sigmoid(a[j] + u[j] + bias(j));
      if (what_.cell == Cell::gru_before) seen[j] *= reset[j];
    }
    const Values u_n = from_h(seen, 2 * H, H);
    for (Size j = 0; j < H; ++j) {
      const double update = sigmoid(a[H + j] + u[H + j] + bias(H + j));
      double recurrent = u_n[j];
      if (what_.cell == Cell::gru_after) {
        if (what_.recurrent_bias != nullptr) recurrent += what_.recurrent_bias[j];
        if (what_.second_bias != nullptr) recurrent += what_.second_bias[2 * H + j];
        recurrent *= reset[j];
      }
      const double candidate = std::tanh(a_n[j] + bias(2 * H + j) + recurrent);
      fresh[j] = (1 - update) * candidate + update * h[j];
    }
    zone(fresh, h, what_.zoneout_hidden);
    h = fresh;
  }

  const Shape& shape_;
  Recurrence<double> what_;
};

inline Solution<double> solve_plainly(const Problem<double>& problem) {
  const PlainRow plain(problem);
  Solution<double> found(problem);
  const auto [B, T, I, H, R] = problem.shape;
  std::fill(found.outputs.begin(), found.outputs.end(), 0.0);
  for (Size row = 0; row < B; ++row) {
    Values h(problem.hidden.begin() + row * R, problem.hidden.begin() + (row + 1) * R), c;
    if (problem.is_lstm()) {
      c.assign(problem.cell.begin() + row * H, problem.cell.begin() + (row + 1) * H);
    }
    for (Size step = 0; step < problem.length(row); ++step) {
      const Size place = row * T + (problem.reverse ? problem.length(row) - 1 - step : step);
      if (!problem.resets.empty() && problem.resets[place] != 0) {
        std::fill(h.begin(), h.end(), 0.0);
        std::fill(c.begin(), c.end(), 0.0);
      }
      plain.step(problem.inputs.data() + place * I, h, c);
      std::copy(h.begin(), h.end(), found.outputs.begin() + place * R);
    }
    std::copy(h.begin(), h.end(), found.final_hidden.begin() + row * R);
    std::copy(c.begin(), c.end(), found.final_cell.begin() + row * H);
  }
  return found;
}

}  // namespace elman::test
