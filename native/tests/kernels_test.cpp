// Runs every kernel of every instruction set that this machine has, in both precisions: outputs
// against plain loops, gradients against central differences of the kernels' own way forward. Made
// for the sanitizers: each array is an allocation of its own size. Prints what failed, exits
// with 1.
#include <algorithm>
#include <array>
#include <cmath>
#include <string>
#include <thread>
#include <vector>

#include "elman/contract.h"
#include "elman/isa.h"
#include "elman/parallel.h"
#include "plain.h"
#include "problem.h"
#include "running.h"

namespace {

using elman::Cell;
using namespace elman::test;

// ---- one problem --------------------------------------------------------------------------------

// The gradients against (loss(x + εd) - loss(x - εd)) / 2ε, for one direction d of each leaf.
void test_gradients(const elman::Isa& isa, const Problem<double>& problem,
                    const std::vector<std::vector<double>>& grads) {
  constexpr double step = 1e-6;
  Problem<double> moved = problem;
  for (std::size_t k = 0; k < grads.size(); ++k) {
    auto& leaf = *moved.leaves()[k];
    const auto original = leaf;
    const auto direction = random_values<double>(static_cast<Size>(leaf.size()), 1);
    double along = 0, difference = 0;
    for (std::size_t j = 0; j < leaf.size(); ++j) along += grads[k][j] * direction[j];
    for (const double sign : {1.0, -1.0}) {
      for (std::size_t j = 0; j < leaf.size(); ++j) {
        leaf[j] = original[j] + sign * step * direction[j];
      }
      difference += sign * problem.loss(run(isa, moved, Way::answered)) / (2 * step);
    }
    leaf = original;
    expect(std::abs(along - difference) <= 1e-5 * std::max(1.0, std::abs(difference)),
           std::string(isa.name) + " " + problem.name() + ": gradient by " + leaf_names[k] +
               " is " + std::to_string(along) + ", not " + std::to_string(difference));
  }
}

template <typename Real>
void expect_same(const Solution<Real>& found, const Solution<Real>& wanted,
                 const std::string& what) {
  expect(found.outputs == wanted.outputs && found.final_hidden == wanted.final_hidden &&
             found.final_cell == wanted.final_cell,
         what);
}

template <typename Real>
void expect_solution(const Solution<Real>& found, const Solution<double>& wanted, double tolerance,
                     const std::string& what) {
  expect_near(found.outputs, wanted.outputs, tolerance, what + ": outputs");
  expect_near(found.final_hidden, wanted.final_hidden, tolerance, what + ": final hidden state");
  expect_near(found.final_cell, wanted.final_cell, tolerance, what + ": final cell");
}

void test_problem(const elman::Isa& isa, const Variant& variant, const Shape& shape, int mode) {
  // Rounded to float first, so that both precisions read the same numbers.
  const Problem<float> single = random_problem(variant, shape, mode);
  const auto problem = as<double>(single);
  const std::string what = std::string(isa.name) + " " + problem.name();
  const auto solution = run(isa, problem);
  const auto rounded = run(isa, single);
  if (!variant.keys) expect_solution(solution, solve_plainly(problem), 1e-10, what);
  const double loose = variant.norm ? 20 : 1;  // to divide by a small deviation magnifies rounding
  expect_solution(rounded, solution, loose * 2e-5, what + " in float");
  for (const Way way : {Way::answered, Way::prepared}) {
    expect_same(run(isa, problem, way), solution, what + ": the same bits");
    expect_same(run(isa, single, way), rounded, what + ": the same bits in float");
  }

  // More threads than rows: hidden units are divided, where the recurrence allows it.
  const auto divided = run(isa, single, Way::kept, 4);
  expect_same(divided, rounded, what + ": the same bits on four threads");

  const auto grads = run_back(isa, problem, solution);
  test_gradients(isa, problem, grads);
  const auto rounded_grads = run_back(isa, single, rounded);
  expect(run_back(isa, single, divided) == rounded_grads, what + ": the same kept");
  for (std::size_t k = 0; k < grads.size(); ++k) {
    expect_near(rounded_grads[k], grads[k], loose * 2e-4,
                what + ": gradient in float by " + leaf_names[k]);
  }
}

// Ids give the bits of the rows that they stand for, with a table or without.
template <typename Real>
void test_tokens(const elman::Isa& isa, const Variant& variant, int mode) {
  constexpr Size words = 5;
  const Shape shape{6, 4, 3, 9, variant.projection ? Size{7} : Size{9}};
  auto problem = as<Real>(random_problem(variant, shape, mode));
  const auto embedding = random_values<Real>(words * shape.inputs, 1);
  std::vector<std::int64_t> ids(static_cast<std::size_t>(shape.batch * shape.time), -1);
  problem.for_each_step([&](Size place) {
    ids[static_cast<std::size_t>(place)] = place % words;
    std::copy_n(embedding.begin() + place % words * shape.inputs, shape.inputs,
                problem.inputs.begin() + place * shape.inputs);
  });
  const auto& kernels = isa.kernels<Real>();
  const auto what = problem.recurrence();
  const auto packed = workspace_of(kernels.prepared_bytes(what));
  const auto table = workspace_of(kernels.table_bytes(what, words));
  kernels.prepare(what, packed.get());
  kernels.tabulate(what, packed.get(), words, embedding.data(), static_cast<Real*>(table.get()));
  const auto wanted = run(isa, problem);
  for (const auto* ready : {static_cast<Real*>(nullptr), static_cast<Real*>(table.get())}) {
    for (const Way way : {Way::kept, Way::prepared}) {
      const auto found = run(isa, problem, way, 1, {words, ids.data(), embedding.data(), ready});
      expect_same(found, wanted, std::string(isa.name) + " " + problem.name() + ": tokens");
    }
  }
}

// A call that is asked to stop says so, and is not asked again.
template <typename Real>
void test_stop(const elman::Isa& isa) {
  const auto problem = as<Real>(random_problem({Cell::lstm}, {3, 200, 64, 64, 64}, 0));
  const auto& kernels = isa.kernels<Real>();
  Solution<Real> found = run(isa, problem);
  int asked = 0;
  elman::Stop second;
  second.context = &asked;
  second.ask = [](void* context) { return ++*static_cast<int*>(context) == 2; };
  elman::Threads alone(1);

  auto forward = problem.forward();
  forward.outputs = {found.outputs.data(), 200 * 64, 64};
  forward.final_hidden = found.final_hidden.data();
  forward.final_cell = found.final_cell.data();
  forward.threads = &alone;
  forward.stop = second;
  const auto workspace = workspace_of(kernels.forward_workspace(forward));
  forward.workspace = workspace.get();
  expect(!kernels.forward(forward) && asked == 2, "forward stops when asked");

  asked = 0;
  std::vector<std::vector<Real>> grads;
  for (const auto* leaf : problem.leaves()) grads.emplace_back(leaf->size());
  auto backward = problem.backward(found, grads);
  backward.threads = &alone;
  backward.stop = second;
  const auto back_workspace = workspace_of(kernels.backward_workspace(backward));
  backward.workspace = back_workspace.get();
  expect(!kernels.backward(backward) && asked == 2, "backward stops when asked");
}

// ---- the dense layer ----------------------------------------------------------------------------

template <typename Real>
void test_dense(const elman::Isa& isa, Size rows, Size depth, Size columns, bool biased,
                Size threads = 1) {
  const auto inputs = random_values<Real>(rows * depth, 1);
  const auto weight = random_values<Real>(columns * depth, 0.3);
  const auto bias = random_values<Real>(biased ? columns : 0, 1);
  const auto outputs = run_dense(isa, rows, depth, columns, inputs, weight, bias, threads);
  std::vector<double> wanted(outputs.size());
  for (Size n = 0; n < rows; ++n) {
    for (Size j = 0; j < columns; ++j) {
      double sum = biased ? bias[j] : Real(0);
      for (Size k = 0; k < depth; ++k) {
        sum += static_cast<double>(inputs[n * depth + k]) * weight[j * depth + k];
      }
      wanted[n * columns + j] = sum;
    }
  }
  expect_near(outputs, wanted, sizeof(Real) == 4 ? 2e-5 : 1e-11,
              std::string(isa.name) + " dense " + std::to_string(rows) + "x" +
                  std::to_string(depth) + "x" + std::to_string(columns));
}

// ---- attention ----------------------------------------------------------------------------------

// Against the portable level in double precision; weights are zero past a length, else in sum one.
template <typename Real>
void test_attention(const elman::Isa& isa, std::array<Size, 4> sizes, Size length, bool additive) {
  const auto [count, steps, depth, features] = sizes;
  const std::string what = std::string(isa.name) + " attention over " + std::to_string(length) +
                           " of " + std::to_string(steps) + " steps";
  const auto found = run_attention<Real>(isa, sizes, length, additive, 1);
  std::vector<double> wanted;
  for (const double value :
       run_attention<double>(*elman::available_isa(0), sizes, length, additive, 1)) {
    wanted.push_back(value);
  }
  expect_near(found, wanted, sizeof(Real) == 4 ? 2e-5 : 1e-11, what);
  for (Size q = 0; q < count; ++q) {
    const Real* weights = found.data() + count * features + q * steps;
    const Size real = q % 2 == 0 ? length : steps;
    Real sum = 0;
    for (Size s = 0; s < real; ++s) sum += weights[s];
    if (real > 0) expect(std::abs(sum - 1) < 1e-5, what + ": in sum one");
    for (Size s = real; s < steps; ++s) expect(weights[s] == 0, what + ": zero at padding");
  }
  const auto divided = run_attention<Real>(isa, sizes, length, additive, 1, 3);
  expect(divided == found, what + ": the same bits on three threads");
}

// ---- a step of a cell ---------------------------------------------------------------------------

// The same numbers in both precisions.
template <typename Real>
std::vector<Real> wave(Size size, double scale, int phase) {
  std::vector<Real> values(static_cast<std::size_t>(size));
  for (std::size_t k = 0; k < values.size(); ++k) {
    const double angle = 1.7 * static_cast<double>(k) + phase;
    values[k] = static_cast<Real>(static_cast<float>(scale * std::sin(angle)));
  }
  return values;
}

struct CellStepRun {
  std::vector<double> outputs;  // hidden state, then an LSTM's cell
  std::vector<double> deltas;   // by the gates, then a GRU's by the state's product, then carry
};

// A step and its way back; `shift` is added to the sum at `at`, for differences.
template <typename Real>
CellStepRun run_cell_step(const elman::Isa& isa, Cell cell, Size rows, Size units, Size at = 0,
                          double shift = 0) {
  const bool lstm = cell == Cell::lstm;
  const Size width = (lstm ? 4 : 3) * units;
  auto sums = wave<Real>(rows * width, 1, 1);
  auto recurrent = wave<Real>(rows * width, 1.5, 2);
  sums[static_cast<std::size_t>(at)] += static_cast<Real>(shift);
  const auto bias = wave<Real>(width, 0.5, 3), second = wave<Real>(width, 0.7, 4);
  const auto before = wave<Real>(rows * units, 0.9, 5);
  const auto grad = wave<Real>(rows * units, 1.1, 6);
  const auto entries = static_cast<std::size_t>(rows * units);
  std::vector<Real> seen(entries), hidden(entries), after(entries);
  elman::CellStep<Real> step{
      cell,        rows,          units,         sums.data(), lstm ? nullptr : recurrent.data(),
      bias.data(), second.data(), before.data(), seen.data(), hidden.data(),
      after.data()};
  isa.kernels<Real>().cell_step(step);
  std::vector<Real> deltas(sums.size()), others(sums.size()), carry(entries);
  isa.kernels<Real>().cell_step_back({cell, rows, units, sums.data(),
                                      lstm ? nullptr : recurrent.data(), before.data(), seen.data(),
                                      grad.data(), lstm ? grad.data() : nullptr, deltas.data(),
                                      others.data(), carry.data()});
  CellStepRun found;
  found.outputs.assign(hidden.begin(), hidden.end());
  if (lstm) found.outputs.insert(found.outputs.end(), after.begin(), after.end());
  found.deltas.assign(deltas.begin(), deltas.end());
  if (!lstm) found.deltas.insert(found.deltas.end(), others.begin(), others.end());
  found.deltas.insert(found.deltas.end(), carry.begin(), carry.end());
  return found;
}

// Against the portable level in double precision, and that against central differences.
template <typename Real>
void test_cell_step(const elman::Isa& isa, Cell cell, Size rows, Size units) {
  const std::string what = std::string(isa.name) + " a step of " + std::to_string(rows) + "x" +
                           std::to_string(units) + (cell == Cell::lstm ? " LSTM" : " GRU");
  const auto found = run_cell_step<Real>(isa, cell, rows, units);
  const auto wanted = run_cell_step<double>(*elman::available_isa(0), cell, rows, units);
  const double bound = sizeof(Real) == 4 ? 2e-5 : 1e-11;
  expect_near(found.outputs, wanted.outputs, bound, what);
  expect_near(found.deltas, wanted.deltas, bound, what + ", back");
  if (sizeof(Real) == 4) return;
  const auto grad = wave<double>(rows * units, 1.1, 6);
  const Size width = (cell == Cell::lstm ? 4 : 3) * units;
  std::vector<double> slopes, given(found.deltas.begin(), found.deltas.begin() + rows * width);
  for (Size at = 0; at < rows * width; ++at) {
    const auto up = run_cell_step<double>(isa, cell, rows, units, at, 1e-6).outputs;
    const auto down = run_cell_step<double>(isa, cell, rows, units, at, -1e-6).outputs;
    double slope = 0;
    for (std::size_t k = 0; k < up.size(); ++k) {
      slope += (up[k] - down[k]) / 2e-6 * grad[k % grad.size()];
    }
    slopes.push_back(slope);
  }
  expect_near(given, slopes, 1e-8, what + ", against differences");
}

// ---- threads ------------------------------------------------------------------------------------

// Several callers at once, each of which would like three threads.
template <typename Real>
void test_threads(const elman::Isa& isa, const Variant& variant, int mode) {
  const Shape shape{13, 12, 20, 33, variant.projection ? Size{31} : Size{33}};
  const auto problem = as<Real>(random_problem(variant, shape, mode));
  const std::string what = std::string(isa.name) + " " + problem.name();
  const auto wanted = run(isa, problem);
  const auto wanted_grads = run_back(isa, problem, wanted);
  expect(isa.kernels<Real>().forward_threads(problem.forward(), 3).threads == 3,
         what + ": 3 threads");
  std::array<Solution<Real>, 3> found{Solution<Real>(problem), Solution<Real>(problem),
                                      Solution<Real>(problem)};
  std::array<std::vector<std::vector<Real>>, 3> grads;
  std::vector<std::thread> callers;
  for (std::size_t k = 0; k < found.size(); ++k) {
    callers.emplace_back([&, k] {
      for (int time = 0; time < 3; ++time) {
        found[k] = run(isa, problem, Way::kept, 3);
        grads[k] = run_back(isa, problem, found[k], 3);
      }
    });
  }
  for (std::thread& caller : callers) caller.join();
  for (std::size_t k = 0; k < found.size(); ++k) {
    expect_same(found[k], wanted, what + ": the same bits on three threads");
    for (std::size_t j = 0; j < wanted_grads.size(); ++j) {
      expect_near(grads[k][j], wanted_grads[j], sizeof(Real) == 4 ? 1e-4 : 1e-12,
                  what + ": gradient on three threads by " + leaf_names[j]);
    }
  }
  test_dense<Real>(isa, 500, 40, 33, true, 3);
}

// ---- all ----------------------------------------------------------------------------------------

void test_all(const elman::Isa& isa) {
  int mode = 0;
  for (const Variant& variant : variants) {
    for (const auto& [batch, time, inputs, hidden] : {std::array<Size, 4>{1, 3, 2, 1},
                                                      {3, 4, 5, 7},
                                                      {2, 3, 19, 17},
                                                      {9, 3, 2, 33},
                                                      {4, 7, 13, 16},
                                                      {0, 2, 3, 4},
                                                      {2, 0, 3, 4}}) {
      const Size recurrent = variant.projection ? std::max(Size{1}, hidden - 2) : hidden;
      test_problem(isa, variant, {batch, time, inputs, hidden, recurrent}, mode++);
    }
    test_tokens<float>(isa, variant, mode++);
    test_tokens<double>(isa, variant, mode++);
  }
  for (const Size size : {0, 1, 2, 3, 7, 8, 9, 13, 16, 17, 31, 32, 33, 65}) {
    test_dense<float>(isa, size, 3, 5, true);
    test_dense<double>(isa, 5, size, 3, false);
    test_dense<float>(isa, 3, 5, size, true);
  }
  test_dense<float>(isa, 500, 3, 4, true);  // more rows than are taken between two stops
  for (const Size size : {1, 2, 3, 5, 16, 17, 33, 70}) {
    for (const bool additive : {false, true}) {
      test_attention<float>(isa, {7, size, 5, size}, size / 2, additive);
      test_attention<double>(isa, {3, 6, size, 9}, size % 6, additive);
      test_attention<float>(isa, {300, 9, size, 3}, 0, additive);
    }
  }
  for (const Size units : {1, 3, 8, 17, 33}) {
    for (const Cell cell : {Cell::lstm, Cell::gru_after}) {
      test_cell_step<float>(isa, cell, 3, units);
      test_cell_step<double>(isa, cell, 2, units);
    }
  }
  test_stop<float>(isa);
  test_stop<double>(isa);
  test_threads<float>(isa, {Cell::lstm, true, true, true, true, false, true, true}, 7);
  test_threads<double>(isa, {Cell::gru_before}, 3);
  test_threads<float>(isa, {Cell::tanh}, 0);
}

}  // namespace

int main() {
  for (std::size_t k = 0; const elman::Isa* isa = elman::available_isa(k); ++k) {
    test_all(*isa);
    std::printf("%s: %s\n", isa->name, failures == 0 ? "all agree" : "failures");
  }
  return failures == 0 ? 0 : 1;
}
