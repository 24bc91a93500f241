// The kernels as the driver finds them. Their bodies are in the headers, which the tests compile for the CPU as well.
#include "vision/cuda/grid_kernels.hpp"
#include "vision/cuda/mask_kernels.hpp"
#include "vision/cuda/preprocess_kernels.hpp"
#include "vision/cuda/top_kernels.hpp"

namespace gpu = inference_exp::vision::gpu;

namespace {

__device__ std::uint32_t thread_x() { return blockIdx.x * blockDim.x + threadIdx.x; }
__device__ std::uint32_t thread_y() { return blockIdx.y * blockDim.y + threadIdx.y; }

}  // namespace

extern "C" {

__global__ void inference_exp_preprocess_linear(const gpu::LinearWork work) {
  gpu::preprocess_linear(work, thread_x(), thread_y());
}

__global__ void inference_exp_preprocess_pillow(const gpu::PillowWork work) {
  gpu::preprocess_pillow(work, thread_x(), thread_y());
}

__global__ void inference_exp_select_candidates(const gpu::GridWork work) { gpu::select_candidate(work, thread_x()); }

__global__ void inference_exp_rank_candidates(const gpu::GridWork work) { gpu::rank_candidate(work, thread_x()); }

__global__ void inference_exp_suppress_candidates(const gpu::GridWork work) {
  __shared__ unsigned char memory[sizeof(gpu::SuppressShared)] __attribute__((aligned(16)));
  gpu::suppress_candidates(gpu::Block(), work, *reinterpret_cast<gpu::SuppressShared*>(memory));
}

__global__ void inference_exp_collect_logits(const gpu::TopWork work) { gpu::collect_logit(work, thread_x()); }

__global__ void inference_exp_rank_logits(const gpu::TopWork work) { gpu::rank_logit(work, thread_x()); }

__global__ void inference_exp_combine_mask_cells(const gpu::MaskWork work) {
  gpu::combine_mask_cell(work, thread_x(), thread_y());
}

__global__ void inference_exp_find_mask_flips(const gpu::MaskWork work) {
  __shared__ unsigned char memory[sizeof(gpu::MaskShared)] __attribute__((aligned(16)));
  gpu::find_mask_flips(gpu::Block(), work, blockIdx.x, *reinterpret_cast<gpu::MaskShared*>(memory));
}

}  // extern "C"
