// Memory of a call: 64-byte aligned, and where it is large, kept for the next call.
//
// The first touch of fresh memory costs as much as a pass over it, or several: the system clears
// it page by page. So large blocks that are given back wait here for the next call that wants as
// much, up to a thirty-second of the machine's memory in all.
#pragma once

#include <cstddef>

namespace elman::python {

class Memory {
 public:
  explicit Memory(std::size_t bytes);
  ~Memory();
  Memory(const Memory&) = delete;
  Memory& operator=(const Memory&) = delete;

  void* get() const { return block_.start; }

  struct Block {
    void* start;
    std::size_t bytes;
  };

 private:
  Block block_;
};

}  // namespace elman::python
