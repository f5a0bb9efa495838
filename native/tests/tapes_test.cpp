// Runs tapes at every instruction set that this machine has, in both precisions: gradients against
// central differences of the way forward, bits alone, kept and on threads; and programs that reach
// past what they have, which must be refused. Made for the sanitizers, as kernels_test.cpp is.
// Prints what failed, exits with 1.
#include "tapes.h"

#include <array>
#include <cstdio>
#include <stdexcept>
#include <thread>

namespace {

using elman::ProgramFields;
using namespace elman::test;

// As in kernels_test.cpp: one direction of each leaf.
void test_gradients(const elman::Isa& isa, TapeProblem<double>& problem,
                    const Arrays<double>& grads, const std::string& what) {
  constexpr double step = 1e-6;
  const auto leaves = problem.leaves();
  for (std::size_t k = 0; k < grads.size(); ++k) {
    const auto original = *leaves[k];
    const auto direction = random_values<double>(static_cast<Size>(original.size()), 1);
    double along = 0, difference = 0;
    for (std::size_t j = 0; j < original.size(); ++j) along += grads[k][j] * direction[j];
    for (const double sign : {1.0, -1.0}) {
      for (std::size_t j = 0; j < original.size(); ++j) {
        (*leaves[k])[j] = original[j] + sign * step * direction[j];
      }
      difference += sign * problem.loss(run(isa, problem, Way::answered)) / (2 * step);
    }
    *leaves[k] = original;
    expect(std::abs(along - difference) <= 1e-5 * std::max(1.0, std::abs(difference)),
           what + ": gradient of leaf " + std::to_string(k) + " is " + std::to_string(along) +
               ", not " + std::to_string(difference));
  }
}

void test_problem(const elman::Isa& isa, const std::string& name, const TapeCell& cell, Size batch,
                  Size time, int mode) {
  const std::string what = std::string(isa.name) + " " + name + " " + std::to_string(batch) + "x" +
                           std::to_string(time) + " mode " + std::to_string(mode);
  const auto seed = generator;
  TapeProblem<float> single(cell, batch, time, mode);
  generator = seed;
  TapeProblem<double> problem(cell, batch, time, mode);
  const auto solution = run(isa, problem);
  const auto rounded = run(isa, single);
  expect_near(rounded.outputs, solution.outputs, 1e-3, what + ": outputs in float");
  for (const Way way : {Way::answered, Way::prepared}) {
    expect(run(isa, problem, way) == solution, what + ": the same bits");
    expect(run(isa, single, way) == rounded, what + ": the same bits in float");
  }
  const auto divided = run(isa, single, Way::kept, 3);
  expect(divided == rounded, what + ": the same bits on three threads");
  const auto grads = run_back(isa, problem, solution);
  test_gradients(isa, problem, grads, what);
  const auto single_grads = run_back(isa, single, rounded);
  const auto divided_grads = run_back(isa, single, divided, 3);
  for (std::size_t k = 0; k < grads.size(); ++k) {
    const std::string leaf = what + ": gradient of leaf " + std::to_string(k);
    expect_near(single_grads[k], grads[k], 5e-3, leaf + " in float");
    expect_near(divided_grads[k], single_grads[k], 1e-3, leaf + " on three threads");
  }
}

// Several callers at once, each of which would like three threads.
void test_threads(const elman::Isa& isa, const TapeCell& cell) {
  TapeProblem<float> problem(cell, 13, 9, 3);
  const auto wanted = run(isa, problem);
  const auto wanted_grads = run_back(isa, problem, wanted);
  std::array<TapeSolution<float>, 3> found;
  std::vector<std::thread> callers;
  for (auto& to : found) {
    callers.emplace_back([&] {
      TapeProblem<float> own = problem;
      to = run(isa, own, Way::kept, 3);
      run_back(isa, own, to, 3);
    });
  }
  for (std::thread& caller : callers) caller.join();
  for (const auto& each : found) {
    expect(each == wanted, std::string(isa.name) + ": the same bits for several callers");
  }
}

// Every number of a program in turn made too large, or negative: refused, or of no harm.
void test_refusals() {
  ProgramFields fields;
  // One product with the state, and one instruction: h = tanh(U h).
  fields.rows[0] = {2};
  fields.rows[1] = {4};
  fields.rows[2] = {-1};
  fields.rows[3] = {2};
  fields.rows[4] = {3, 0, 0, 1, 0, 1, 0, 1, 1, 0, 4, 0, 2, 1, 0};  // before, rows, after
  fields.rows[5] = {4, 0, 4, 1, 4, 2};
  fields.rows[7] = {0, 0, 1};
  fields.rows[8] = {0, 1, 0, 4};
  fields.rows[11] = {0, 0, 1, -1};
  fields.rows[12] = {0, 0, 0, -1, 0, 1};
  fields.rows[13] = {3, 2, 1, -1, -1, 0};
  fields.reals[14] = {0};
  fields.rows[15] = {4};
  fields.rows[17] = {4, 4};
  const elman::Program sound(fields);
  int refused = 0;
  for (std::size_t k = 4; k < ProgramFields::count; ++k) {
    for (std::size_t j = 0; j < fields.rows[k].size(); ++j) {
      for (const std::int64_t wrong : {std::int64_t{-7}, std::int64_t{1} << 40}) {
        ProgramFields changed = fields;
        changed.rows[k][j] = wrong;
        try {
          const elman::Program made(changed);
        } catch (const std::invalid_argument&) {
          ++refused;
        }
      }
    }
  }
  expect(refused > 60, "of the wrong programs " + std::to_string(refused) + " were refused");
}

}  // namespace

int main() {
  const auto cells = read_tapes();
  for (std::size_t k = 0; const elman::Isa* isa = elman::available_isa(k); ++k) {
    int mode = 0;
    for (const auto& [name, cell] : cells) {
      for (const auto& [batch, time] :
           {std::array<Size, 2>{1, 3}, {4, 5}, {70, 2}, {0, 2}, {2, 0}}) {
        test_problem(*isa, name, cell, batch, time, mode % 8);
        mode += 3;
      }
      test_threads(*isa, cell);
    }
    std::printf("%s: %s\n", isa->name, failures == 0 ? "all agree" : "failures");
  }
  test_refusals();
  return failures == 0 ? 0 : 1;
}
