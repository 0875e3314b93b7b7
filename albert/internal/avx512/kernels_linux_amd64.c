#include "kernels.h"

#include <immintrin.h>
#include <string.h>

// The instructions are named function by function, so that nothing else of the
// program needs them.
#define KERNEL __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx512vnni,fma")))
// Functions that are inlined with constant arguments, so that what they count
// to is known and their arrays become registers.
#define INLINE KERNEL static inline __attribute__((always_inline))
#ifdef __clang__
#define UNROLL _Pragma("unroll")
#else
#define UNROLL _Pragma("GCC unroll 16")
#endif

#define min(a, b) ((a) < (b) ? (a) : (b))

// expf of 16 numbers not above 88: 2^i times a polynomial of the rest, which is
// within ±ln2/2. The relative error is below 2e-7.
INLINE __m512 exp16(__m512 x) {
	x = _mm512_max_ps(x, _mm512_set1_ps(-87));
	__m512 i = _mm512_roundscale_ps(_mm512_mul_ps(x, _mm512_set1_ps(1.44269504f)), 0);
	__m512 r = _mm512_fnmadd_ps(i, _mm512_set1_ps(0.693359375f), x);
	r = _mm512_fnmadd_ps(i, _mm512_set1_ps(-2.12194440e-4f), r);
	// The Taylor series.
	__m512 p = _mm512_set1_ps(1.0f / 720);
	p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(1.0f / 120));
	p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(1.0f / 24));
	p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(1.0f / 6));
	p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(0.5f));
	p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(1));
	p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(1));
	return _mm512_scalef_ps(p, i);
}

// erf of 16 numbers: Abramowitz and Stegun 1964, 7.1.26. The absolute error is
// below 5e-7.
INLINE __m512 erf16(__m512 x) {
	__m512 a = _mm512_abs_ps(x), one = _mm512_set1_ps(1);
	__m512 t = _mm512_div_ps(one, _mm512_fmadd_ps(a, _mm512_set1_ps(0.3275911f), one));
	__m512 p = _mm512_set1_ps(1.061405429f);
	p = _mm512_fmadd_ps(p, t, _mm512_set1_ps(-1.453152027f));
	p = _mm512_fmadd_ps(p, t, _mm512_set1_ps(1.421413741f));
	p = _mm512_fmadd_ps(p, t, _mm512_set1_ps(-0.284496736f));
	p = _mm512_fmadd_ps(p, t, _mm512_set1_ps(0.254829592f));
	p = _mm512_mul_ps(p, t);
	__m512 y = _mm512_fnmadd_ps(p, exp16(_mm512_fnmadd_ps(a, a, _mm512_setzero_ps())), one);
	return _mm512_mask_sub_ps(y, _mm512_movepi32_mask(_mm512_castps_si512(x)), _mm512_setzero_ps(), y);
}

INLINE __m512 activate(__m512 x, int act) {
	__m512 half = _mm512_mul_ps(x, _mm512_set1_ps(0.5f)), one = _mm512_set1_ps(1);
	switch (act) {
	case RELU:
		return _mm512_max_ps(x, _mm512_setzero_ps());
	case GELU:
		return _mm512_fmadd_ps(half, erf16(_mm512_mul_ps(x, _mm512_set1_ps(0.707106781f))), half);
	case GELU_TANH: {
		// x·(1 + tanh u)/2 = x·sigmoid(2u)
		__m512 u = _mm512_mul_ps(x, _mm512_fmadd_ps(_mm512_mul_ps(x, x), _mm512_set1_ps(0.044715f * 1.5957691216f), _mm512_set1_ps(1.5957691216f)));
		u = _mm512_min_ps(_mm512_sub_ps(_mm512_setzero_ps(), u), _mm512_set1_ps(80));
		return _mm512_div_ps(x, _mm512_add_ps(one, exp16(u)));
	}
	}
	return x;
}

// dot adds to each of 16 sums the products of four unsigned bytes of a and four
// signed ones of b. As an intrinsic function the compiler copies the sums around.
INLINE void dot(__m512i *sum, __m512i a, __m512i b) {
	__asm__("vpdpbusd %2, %1, %0" : "+v"(*sum) : "v"(a), "v"(b));
}

KERNEL void avx512_quantize(const float *x, const float *scale, const float *floor, uint8_t *q, float *steps, int64_t rows, int64_t k) {
	__m512 from = _mm512_set1_ps(floor ? *floor : 0);
	__m512i zero = _mm512_set1_epi32(floor ? 0 : 128);
	float most = floor ? 255 : 127;
	for (int64_t r = 0; r < rows; r++, x += k, q += k) {
		__m512 range = _mm512_set1_ps(1e-30f);
		for (int64_t i = 0; i < k; i += 16) {
			__m512 v = _mm512_loadu_ps(x + i);
			if (scale) v = _mm512_mul_ps(v, _mm512_loadu_ps(scale + i));
			v = floor ? _mm512_sub_ps(v, from) : _mm512_abs_ps(v);
			range = _mm512_max_ps(range, v);
		}
		float span = _mm512_reduce_max_ps(range);
		steps[r] = span / most;
		__m512 by = _mm512_set1_ps(most / span);
		for (int64_t i = 0; i < k; i += 16) {
			__m512 v = _mm512_loadu_ps(x + i);
			if (scale) v = _mm512_mul_ps(v, _mm512_loadu_ps(scale + i));
			v = _mm512_mul_ps(_mm512_sub_ps(v, from), by);
			__m512i n = _mm512_add_epi32(_mm512_cvtps_epi32(v), zero);
			n = _mm512_max_epi32(n, _mm512_setzero_si512());
			_mm_storeu_si128((__m128i *)(q + i), _mm512_cvtusepi32_epi8(n));
		}
	}
}

// m rows by 64 outputs.
INLINE void linear_tile(const int m, const uint8_t *q, const float *steps, const int8_t *w, const int32_t *start,
                        const float *scale, const float *bias, float *out, int64_t k, int64_t n, int act) {
	__m512i sum[6][4];
	UNROLL for (int r = 0; r < m; r++)
		UNROLL for (int v = 0; v < 4; v++)
			sum[r][v] = _mm512_loadu_si512(start + 16 * v);
	for (int64_t i = 0; i < k; i += 4, w += 256) {
		__m512i b[4];
		UNROLL for (int v = 0; v < 4; v++)
			b[v] = _mm512_loadu_si512(w + 64 * v);
		UNROLL for (int r = 0; r < m; r++) {
			int32_t four;
			memcpy(&four, q + r * k + i, sizeof four);
			__m512i a = _mm512_set1_epi32(four);
			UNROLL for (int v = 0; v < 4; v++)
				dot(&sum[r][v], a, b[v]);
		}
	}
	UNROLL for (int r = 0; r < m; r++) {
		__m512 step = _mm512_set1_ps(steps[r]);
		UNROLL for (int v = 0; v < 4; v++) {
			__m512 y = _mm512_mul_ps(_mm512_cvtepi32_ps(sum[r][v]), _mm512_loadu_ps(scale + 16 * v));
			y = _mm512_fmadd_ps(y, step, _mm512_loadu_ps(bias + 16 * v));
			_mm512_storeu_ps(out + r * n + 16 * v, activate(y, act));
		}
	}
}

INLINE void linear_act(const uint8_t *q, const float *steps, const int8_t *w, const int32_t *start, const float *scale,
                       const float *bias, float *out, int64_t rows, int64_t k, int64_t n, const int act) {
	for (int64_t j = 0; j < n; j += 64, w += 64 * k) {
		for (int64_t r = 0; r < rows; r += 6) {
#define TILE(m) \
	case m: \
		linear_tile(m, q + r * k, steps + r, w, start + j, scale + j, bias + j, out + r * n + j, k, n, act); \
		break;
			switch (min(6, rows - r)) {
				TILE(1) TILE(2) TILE(3) TILE(4) TILE(5) TILE(6)
			}
#undef TILE
		}
	}
}

KERNEL void avx512_linear(const uint8_t *q, const float *steps, const int8_t *w, const int32_t *start, const float *scale,
                          const float *bias, float *out, int64_t rows, int64_t k, int64_t n, int act) {
#define ACT(a) \
	case a: \
		linear_act(q, steps, w, start, scale, bias, out, rows, k, n, a); \
		break;
	switch (act) {
		ACT(PLAIN) ACT(RELU) ACT(GELU) ACT(GELU_TANH)
	}
#undef ACT
}

// m rows by 16·vs columns of a·b; the rows of a, b and out are lda, ldb and
// ldo numbers apart.
INLINE void product_tile(const int m, const int vs, const float *a, int64_t lda, const float *b, int64_t ldb,
                         const float *bias, float *out, int64_t ldo, int64_t k) {
	__m512 sum[6][4];
	UNROLL for (int r = 0; r < m; r++)
		UNROLL for (int v = 0; v < vs; v++)
			sum[r][v] = bias ? _mm512_loadu_ps(bias + 16 * v) : _mm512_setzero_ps();
	for (int64_t i = 0; i < k; i++, b += ldb) {
		__m512 w[4];
		UNROLL for (int v = 0; v < vs; v++)
			w[v] = _mm512_loadu_ps(b + 16 * v);
		UNROLL for (int r = 0; r < m; r++) {
			__m512 x = _mm512_set1_ps(a[r * lda + i]);
			UNROLL for (int v = 0; v < vs; v++)
				sum[r][v] = _mm512_fmadd_ps(x, w[v], sum[r][v]);
		}
	}
	UNROLL for (int r = 0; r < m; r++)
		UNROLL for (int v = 0; v < vs; v++)
			_mm512_storeu_ps(out + r * ldo + 16 * v, sum[r][v]);
}

KERNEL static void matmul(const float *a, int64_t lda, const float *b, int64_t ldb, const float *bias, float *out,
                          int64_t ldo, int64_t rows, int64_t k, int64_t n) {
	for (int64_t j = 0, wide; j < n; j += wide) {
		wide = n - j >= 64 ? 64 : n - j >= 32 ? 32 : 16;
		for (int64_t r = 0; r < rows; r += 6) {
#define TILE(m, vs) \
	case m * 8 + vs: \
		product_tile(m, vs, a + r * lda, lda, b + j, ldb, bias ? bias + j : 0, out + r * ldo + j, ldo, k); \
		break;
#define TILES(m) TILE(m, 1) TILE(m, 2) TILE(m, 4)
			switch (min(6, rows - r) * 8 + wide / 16) {
				TILES(1) TILES(2) TILES(3) TILES(4) TILES(5) TILES(6)
			}
#undef TILES
#undef TILE
		}
	}
}

KERNEL void avx512_product(const float *a, const float *b, const float *bias, float *out, int64_t rows, int64_t k, int64_t n) {
	matmul(a, k, b, n, bias, out, n, rows, k, n);
}

KERNEL void avx512_normalize(float *x, const float *y, const float *weight, const float *bias, float epsilon, int64_t rows, int64_t n) {
	for (int64_t r = 0; r < rows; r++, x += n) {
		__m512 sum = _mm512_setzero_ps();
		for (int64_t i = 0; i < n; i += 16) {
			__m512 v = _mm512_loadu_ps(x + i);
			if (y) {
				v = _mm512_add_ps(v, _mm512_loadu_ps(y + r * n + i));
				_mm512_storeu_ps(x + i, v);
			}
			sum = _mm512_add_ps(sum, v);
		}
		__m512 mean = _mm512_set1_ps(_mm512_reduce_add_ps(sum) / n), squares = _mm512_setzero_ps();
		for (int64_t i = 0; i < n; i += 16) {
			__m512 d = _mm512_sub_ps(_mm512_loadu_ps(x + i), mean);
			squares = _mm512_fmadd_ps(d, d, squares);
		}
		float variance = _mm512_reduce_add_ps(squares) / n;
		__m512 by = _mm512_div_ps(_mm512_set1_ps(1), _mm512_sqrt_ps(_mm512_set1_ps(variance + epsilon)));
		for (int64_t i = 0; i < n; i += 16) {
			__m512 d = _mm512_mul_ps(_mm512_sub_ps(_mm512_loadu_ps(x + i), mean), by);
			_mm512_storeu_ps(x + i, _mm512_fmadd_ps(d, _mm512_loadu_ps(weight + i), _mm512_loadu_ps(bias + i)));
		}
	}
}

// transpose writes the transpose of 16 rows of 16 numbers.
INLINE void transpose(const float *from, int64_t ldf, float *to, int64_t ldt, int64_t rows) {
	__m512 a[16], b[16];
	UNROLL for (int i = 0; i < 16; i++)
		a[i] = i < rows ? _mm512_loadu_ps(from + i * ldf) : _mm512_setzero_ps();
	UNROLL for (int i = 0; i < 16; i += 2) { // pairs of rows
		b[i] = _mm512_unpacklo_ps(a[i], a[i + 1]);
		b[i + 1] = _mm512_unpackhi_ps(a[i], a[i + 1]);
	}
	UNROLL for (int i = 0; i < 16; i += 4) // fours: a[i+c] has column 4·lane+c of rows i..i+3
		UNROLL for (int h = 0; h < 2; h++) {
			__m512d x = _mm512_castps_pd(b[i + h]), y = _mm512_castps_pd(b[i + 2 + h]);
			a[i + 2 * h] = _mm512_castpd_ps(_mm512_unpacklo_pd(x, y));
			a[i + 2 * h + 1] = _mm512_castpd_ps(_mm512_unpackhi_pd(x, y));
		}
	UNROLL for (int c = 0; c < 4; c++) {
		__m512 x = _mm512_shuffle_f32x4(a[c], a[4 + c], 0x88), y = _mm512_shuffle_f32x4(a[8 + c], a[12 + c], 0x88);
		__m512 z = _mm512_shuffle_f32x4(a[c], a[4 + c], 0xdd), w = _mm512_shuffle_f32x4(a[8 + c], a[12 + c], 0xdd);
		_mm512_storeu_ps(to + c * ldt, _mm512_shuffle_f32x4(x, y, 0x88));
		_mm512_storeu_ps(to + (4 + c) * ldt, _mm512_shuffle_f32x4(z, w, 0x88));
		_mm512_storeu_ps(to + (8 + c) * ldt, _mm512_shuffle_f32x4(x, y, 0xdd));
		_mm512_storeu_ps(to + (12 + c) * ldt, _mm512_shuffle_f32x4(z, w, 0xdd));
	}
}

// Queries whose scores are kept at once, a multiple of 6.
#define QUERIES 24

// Keys are counted in multiples of 16.
#define KEYS(rows) ((rows + 15) / 16 * 16)

int64_t avx512_attention_work(int64_t rows, int64_t size) { return KEYS(rows) * (size + QUERIES); }

KERNEL void avx512_attention(const float *qkv, float *out, float *work, int64_t rows, int64_t heads, int64_t size) {
	int64_t hidden = heads * size, stride = 3 * hidden, keys = KEYS(rows);
	float *turned = work, *scores = work + keys * size;
	__m512 by = _mm512_div_ps(_mm512_set1_ps(1), _mm512_sqrt_ps(_mm512_set1_ps(size)));
	__mmask16 last = 0xffff >> (keys - rows);
	for (int64_t h = 0; h < heads; h++) {
		const float *q = qkv + h * size, *k = q + hidden, *v = k + hidden;
		for (int64_t i = 0; i < rows; i += 16)
			for (int64_t j = 0; j < size; j += 16)
				transpose(k + i * stride + j, stride, turned + j * keys + i, keys, rows - i);
		for (int64_t i = 0; i < rows; i += QUERIES) {
			int64_t n = min(QUERIES, rows - i);
			matmul(q + i * stride, stride, turned, keys, 0, scores, keys, n, size, keys);
			float inverse[QUERIES];
			for (int64_t r = 0; r < n; r++) { // softmax, but for the sum
				float *s = scores + r * keys;
				__m512 top = _mm512_mask_loadu_ps(_mm512_set1_ps(-3e38f), last, s + keys - 16);
				for (int64_t j = 0; j < keys - 16; j += 16)
					top = _mm512_max_ps(top, _mm512_loadu_ps(s + j));
				top = _mm512_set1_ps(_mm512_reduce_max_ps(top));
				__m512 sum = _mm512_setzero_ps();
				for (int64_t j = 0; j < keys; j += 16) {
					__mmask16 m = j == keys - 16 ? last : 0xffff;
					__m512 e = exp16(_mm512_mul_ps(_mm512_sub_ps(_mm512_loadu_ps(s + j), top), by));
					e = _mm512_maskz_mov_ps(m, e);
					sum = _mm512_add_ps(sum, e);
					_mm512_storeu_ps(s + j, e);
				}
				inverse[r] = 1 / _mm512_reduce_add_ps(sum);
			}
			float *o = out + i * hidden + h * size;
			matmul(scores, keys, v, stride, 0, o, hidden, n, rows, size);
			for (int64_t r = 0; r < n; r++)
				for (int64_t j = 0; j < size; j += 16)
					_mm512_storeu_ps(o + r * hidden + j, _mm512_mul_ps(_mm512_loadu_ps(o + r * hidden + j), _mm512_set1_ps(inverse[r])));
		}
	}
}
