// A tape that is fed step by step. As the other stages it owns its scratch memory, so a step
// allocates nothing; the arrays that it writes to are the caller's, held for its whole life.
#pragma once

#include <nanobind/nanobind.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "bindings/arrays.h"
#include "bindings/memory.h"
#include "bindings/stage.h"
#include "bindings/tapes.h"
#include "elman/isa.h"
#include "elman/parallel.h"
#include "elman/tape.h"

namespace elman::python {

template <typename Real>
class TapeStepper : public FedStage<Real> {
 public:
  // `arrays`: (the state's parts [B, size], the steps made [B] or None, outputs [B, O]), all
  // written to at each step. Program and packed weights must live as long.
  TapeStepper(const Isa* isa, const Program& program, const PreparedTape& packed,
              std::ptrdiff_t batch, nb::tuple arrays)
      : FedStage<Real>(arrays), kernels_(isa->kernels<Real>()) {
    const TapeProgram& of = program.get();
    if (of.result < 0) throw nb::value_error("the program puts nothing out");
    state_ = arrays_of<Real>(arrays[0], of.state_sizes, batch, "a state", false, buffers_);
    before_.assign(state_.begin(), state_.end());
    steps_ = buffers_.dense<std::int64_t>(arrays[1], "steps", batch);
    this->size_ = batch * of.inputs;
    call_.program = &of;
    call_.reading.batch = batch;
    call_.reading.time = 1;
    call_.inputs = {nullptr, of.inputs, of.inputs};
    call_.outputs = {buffers_.dense<Real>(arrays[2], "outputs", batch * of.outputs), of.outputs,
                     of.outputs};
    if (call_.outputs.data == nullptr) throw nb::value_error("there are no outputs");
    call_.states = before_.data();
    call_.finals = state_.data();
    call_.steps = steps_;
    call_.prepared = packed.get<Real>(isa, program);
    call_.threads = &caller_;
    workspace_ = std::make_unique<Memory>(kernels_.tape_forward_workspace(call_));
    call_.workspace = workspace_->get();
  }

  const Real* run(const Real* inputs) override {
    call_.inputs.data = inputs;
    kernels_.tape_forward(call_);
    for (std::ptrdiff_t b = 0; steps_ != nullptr && b < call_.reading.batch; ++b) ++steps_[b];
    return call_.outputs.data;
  }

 private:
  Buffers buffers_;
  const Kernels<Real>& kernels_;
  std::vector<Real*> state_;
  std::vector<const Real*> before_;
  std::int64_t* steps_ = nullptr;
  Threads caller_{1};
  TapeForward<Real> call_{};
  std::unique_ptr<Memory> workspace_;
};

}  // namespace elman::python
