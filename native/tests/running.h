// Runs the kernels of one instruction set on a problem, and counts what fails.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <string>
#include <vector>

#include "elman/contract.h"
#include "elman/isa.h"
#include "elman/parallel.h"
#include "problem.h"

namespace elman::test {

inline int failures = 0;

inline void expect(bool holds, const std::string& what) {
  if (holds) return;
  ++failures;
  std::printf("FAILED: %s\n", what.c_str());
}

template <typename Real, typename Wanted>
void expect_near(const std::vector<Real>& found, const std::vector<Wanted>& wanted,
                 double tolerance, const std::string& what) {
  double worst = 0, size = 1;
  for (std::size_t k = 0; k < wanted.size(); ++k) {
    const double difference = std::abs(static_cast<double>(found[k] - wanted[k]));
    worst = std::isnan(difference) ? INFINITY : std::max(worst, difference);
    size = std::max(size, std::abs(static_cast<double>(wanted[k])));
  }
  expect(worst <= tolerance * size, what + ", off by " + std::to_string(worst));
}

enum class Way { kept, answered, prepared };

template <typename Real>
Solution<Real> run(const Isa& isa, const Problem<Real>& problem, Way way = Way::kept,
                   Size threads = 1, Tokens<Real> tokens = {}) {
  const auto& kernels = isa.kernels<Real>();
  const Shape& shape = problem.shape;
  auto call = problem.forward();
  call.tokens = tokens;
  if (tokens.ids != nullptr) call.inputs = {};
  Solution<Real> found(problem);
  call.outputs = {found.outputs.data(), shape.time * shape.recurrent, shape.recurrent};
  call.final_hidden = found.final_hidden.data();
  call.final_cell = problem.is_lstm() ? found.final_cell.data() : nullptr;
  if (way == Way::kept) {
    found.kept.assign(kernels.kept_size(call.recurrence, call.reading), Real(NAN));
    call.kept = found.kept.data();
  }
  const auto packed = workspace_of(kernels.prepared_bytes(call.recurrence));
  if (way == Way::prepared) {
    kernels.prepare(call.recurrence, packed.get());
    call.prepared = packed.get();
  }
  Threads lent(threads);
  call.threads = &lent;
  const auto workspace = workspace_of(kernels.forward_workspace(call));
  call.workspace = workspace.get();
  expect(kernels.forward(call), problem.name() + ": forward ran to its end");
  return found;
}

// The gradients by all leaves of the problem, in their order.
template <typename Real>
std::vector<std::vector<Real>> run_back(const Isa& isa, const Problem<Real>& problem,
                                        const Solution<Real>& solution, Size threads = 1) {
  const auto& kernels = isa.kernels<Real>();
  std::vector<std::vector<Real>> grads;
  for (const auto* leaf : problem.leaves()) grads.emplace_back(leaf->size(), Real(NAN));
  auto call = problem.backward(solution, grads);
  Threads lent(threads);
  call.threads = &lent;
  const auto workspace = workspace_of(kernels.backward_workspace(call));
  call.workspace = workspace.get();
  expect(kernels.backward(call), problem.name() + ": backward ran to its end");
  return grads;
}

// inputs · weightᵀ + bias, which may be empty.
template <typename Real>
std::vector<Real> run_dense(const Isa& isa, Size rows, Size depth, Size columns,
                            const std::vector<Real>& inputs, const std::vector<Real>& weight,
                            const std::vector<Real>& bias, Size threads = 1) {
  std::vector<Real> outputs(static_cast<std::size_t>(rows * columns), Real(NAN));
  Threads lent(threads);
  Dense<Real> call{rows,        depth,          columns, inputs.data(), weight.data(),
                   bias.data(), outputs.data(), &lent,   nullptr,       {}};
  if (bias.empty()) call.bias = nullptr;
  const auto& kernels = isa.kernels<Real>();
  const auto workspace = workspace_of(kernels.dense_workspace(call));
  call.workspace = workspace.get();
  expect(kernels.dense(call), "dense ran to its end");
  return outputs;
}

// Queries [Q, K] over two sources [2, S, K] and [2, S, M] of `length` steps and of S, in turn: the
// contexts, and behind them the weights. Keys and values past a length are NaN.
template <typename Real>
std::vector<Real> run_attention(const Isa& isa, std::array<Size, 4> sizes, Size length,
                                bool additive, double magnitude, Size threads = 1) {
  generator.seed(1);  // of any dtype and on any threads the same
  const auto [count, steps, depth, features] = sizes;
  const auto queries = random_values<Real>(count * depth, magnitude);
  auto keys = random_values<Real>(2 * steps * depth, magnitude);
  auto values = random_values<Real>(2 * steps * features, 1);
  const auto energy = random_values<Real>(additive ? depth : 0, magnitude);
  for (Size k = length * depth; k < steps * depth; ++k) keys[k] = Real(NAN);
  for (Size k = length * features; k < steps * features; ++k) values[k] = Real(NAN);
  const std::vector<std::int64_t> lengths{length, steps};
  std::vector<std::int64_t> sources(count);
  for (Size q = 0; q < count; ++q) sources[q] = q % 2;
  std::vector<Real> found(count * (features + steps), Real(NAN));
  Threads lent(threads);
  const Attention<Real> call{count,
                             steps,
                             depth,
                             features,
                             queries.data(),
                             keys.data(),
                             values.data(),
                             lengths.data(),
                             sources.data(),
                             additive ? energy.data() : nullptr,
                             found.data(),
                             found.data() + count * features,
                             &lent,
                             nullptr,
                             {}};
  expect(isa.kernels<Real>().attention(call), "attention ran to its end");
  return found;
}

}  // namespace elman::test
