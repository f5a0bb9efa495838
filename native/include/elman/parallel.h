// The threads that share one call's work.
//
// Declarations only: kernels of every instruction set include this, and code here would be merged
// between them.
#pragma once

#include <cstddef>

#include "elman/contract.h"

namespace elman {

// The OpenMP library of another one in this process (torch), whose threads ours are then: two pools
// would be in each other's way, because OpenMP's threads stay awake for a while after their work.
struct OpenMP {
  void (*parallel)(void (*work)(void*), void* context, unsigned threads, unsigned flags);
  int (*num_threads)();  // of the region that one is in
  int (*in_parallel)();
  int (*dynamic)();
  int (*thread_limit)();
};

// From now on calls run on this library's threads; null: on our own. The child of a fork always has
// its own: OpenMP's do not survive one.
void use_openmp(const OpenMP* library);

// Threads lent to one call: the caller's own and, while nobody else has borrowed them, others that
// live as long as the process. They are made when first wanted.
//
//   Threads threads(4, 8);        // first learn how many there are,
//   Work work(threads.count());   // then divide the work by that many,
//   if (!threads.run(&part_of_work, &work, stop)) return false;  // as often as needed.
class Threads {
 public:
  // Computes one part. Throws nothing; asks `stop` between two steps, also while it waits for
  // another part, and returns early when told to.
  using Task = void (*)(void* context, std::ptrdiff_t part, const Stop& stop);

  // Borrows up to `wanted` threads, the caller's one of them. Never waits: while another call has
  // them, on another thread or further up on this one, only the caller's is left.
  //
  // With a `team`, the number of threads that the rest of the program uses, they are OpenMP's where
  // those are ours: always as many are asked for, as it ends threads that a smaller team leaves
  // over. Parts should be long then: where other programs hold the processors, OpenMP's threads
  // wait for their turn awake, and a run takes milliseconds however short its parts are.
  explicit Threads(std::ptrdiff_t wanted, std::ptrdiff_t team = 0);
  ~Threads();
  Threads(const Threads&) = delete;
  Threads& operator=(const Threads&) = delete;

  std::ptrdiff_t count() const;  // 1...wanted

  // Runs the parts 0...count()-1 at the same time, each on its own thread, part 0 on the caller's;
  // so they may wait for each other. Returns when all have ended: true, or false if `stop` said
  // yes.
  //
  // Only the caller's thread asks `stop`, in part 0 and, at least every 10 ms, while it waits for
  // the others; the `stop` of every part goes on saying yes once the caller's did. What the caller
  // wrote before is seen by the parts, and what they wrote by the caller after.
  //
  // If `stop` forks (a signal handler may), run returns false in the child, where the others are
  // missing.
  bool run(Task task, void* context, const Stop& stop);

 private:
  bool run_in_team(struct Job& job);

  class Pool* pool_ = nullptr;      // the lender; null with a team, or the caller's thread only
  const OpenMP* openmp_ = nullptr;  // the lender of a team
  std::ptrdiff_t count_ = 1;
  std::ptrdiff_t team_ = 1;
};

// Where the parts of one run wait for each other.
class Barrier {
 public:
  explicit Barrier(std::ptrdiff_t parts);

  // Comes for the `turn`-th time (from 1) and waits, awake, until all parts have. What each wrote
  // before is seen by all after. False, without waiting on, once `stop` says yes.
  bool meet(std::ptrdiff_t turn, const Stop& stop);

 private:
  std::ptrdiff_t parts_;
  alignas(64) std::ptrdiff_t arrived_ = 0;  // in all turns together; changed atomically
};

}  // namespace elman
