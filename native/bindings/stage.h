// One stage of a network's step.
#pragma once

namespace elman::python {

// Reads what the stage before wrote.
template <typename Real>
class Stage {
 public:
  virtual ~Stage() = default;
  virtual const Real* run(const Real* inputs) = 0;  // what it wrote
};

}  // namespace elman::python
