;; Pixels into tensors, 4 to 16 at a time. pixel_kernel.ts says what each function does and runs it; `bun scripts/pixels.ts`
;; makes pixels_wasm.ts of this. The plain code that gives the same bytes is yuv_tensor.ts and write_tensor.ts.
;;
;; No i32x4.extend_high and the like: the JIT of x64 makes them wait for what their register held before, which makes a
;; loop three times as slow. Loops are unrolled by hand so far that the 16 registers of x64 suffice.
(module
  (import "" "memory" (memory 1))

  ;; Bytes 4k … 4k + 3 as 32-bit numbers.
  (func $wide0 (param $p v128) (result v128)
    (i8x16.swizzle (local.get $p) (v128.const i32x4 0xffffff00 0xffffff01 0xffffff02 0xffffff03)))
  (func $wide1 (param $p v128) (result v128)
    (i8x16.swizzle (local.get $p) (v128.const i32x4 0xffffff04 0xffffff05 0xffffff06 0xffffff07)))
  (func $wide2 (param $p v128) (result v128)
    (i8x16.swizzle (local.get $p) (v128.const i32x4 0xffffff08 0xffffff09 0xffffff0a 0xffffff0b)))
  (func $wide3 (param $p v128) (result v128)
    (i8x16.swizzle (local.get $p) (v128.const i32x4 0xffffff0c 0xffffff0d 0xffffff0e 0xffffff0f)))

  ;; Each of the first or the last two numbers twice: a chroma value is that of two pixels.
  (func $left (param $t v128) (result v128)
    (i8x16.shuffle 0 1 2 3 0 1 2 3 4 5 6 7 4 5 6 7 (local.get $t) (local.get $t)))
  (func $right (param $t v128) (result v128)
    (i8x16.shuffle 8 9 10 11 8 9 10 11 12 13 14 15 12 13 14 15 (local.get $t) (local.get $t)))

  ;; BT.601 of limited range in 65536ths, as in yuv_tensor.ts. What luma and chroma are less (16 and 128), and one half
  ;; for rounding, is in the constant of each colour.
  (func $luma (param $y v128) (result v128)
    (i32x4.mul (local.get $y) (v128.const i32x4 76309 76309 76309 76309)))
  (func $red (param $v v128) (result v128)
    (i32x4.add (v128.const i32x4 -14576592 -14576592 -14576592 -14576592)
      (i32x4.mul (local.get $v) (v128.const i32x4 104597 104597 104597 104597))))
  (func $green (param $u v128) (param $v v128) (result v128)
    (i32x4.add (v128.const i32x4 8917936 8917936 8917936 8917936)
      (i32x4.add
        (i32x4.mul (local.get $u) (v128.const i32x4 -25675 -25675 -25675 -25675))
        (i32x4.mul (local.get $v) (v128.const i32x4 -53279 -53279 -53279 -53279)))))
  (func $blue (param $u v128) (result v128)
    (i32x4.add (v128.const i32x4 -18109904 -18109904 -18109904 -18109904)
      (i32x4.mul (local.get $u) (v128.const i32x4 132201 132201 132201 132201))))

  ;; Sums of luma and chroma as 8 bytes, cut off below 0 and above 255.
  (func $bytes (param $l0 v128) (param $l1 v128) (param $t0 v128) (param $t1 v128) (result v128)
    (local $w v128)
    (local.set $w (i16x8.narrow_i32x4_s
      (i32x4.shr_s (i32x4.add (local.get $l0) (local.get $t0)) (i32.const 16))
      (i32x4.shr_s (i32x4.add (local.get $l1) (local.get $t1)) (i32.const 16))))
    (i8x16.narrow_i16x8_u (local.get $w) (local.get $w)))

  ;; Rows of red, green and blue from `to` on, `plane` bytes apart, of the luma row `y`; those of `z` are `row` behind.
  (func (export "yuvRows")
    (param $y i32) (param $z i32) (param $u i32) (param $v i32) (param $to i32) (param $plane i32) (param $row i32)
    (param $width i32)
    (local $end i32) (local $at i32)
    (local $p v128) (local $cb v128) (local $cr v128) (local $t v128) (local $t0 v128) (local $t1 v128)
    (local $y0 v128) (local $y1 v128) (local $z0 v128) (local $z1 v128)
    (local.set $end (i32.add (local.get $to) (local.get $width)))
    (loop $next
      (local.set $p (v128.load64_zero (local.get $y)))
      (local.set $y0 (call $luma (call $wide0 (local.get $p))))
      (local.set $y1 (call $luma (call $wide1 (local.get $p))))
      (local.set $p (v128.load64_zero (local.get $z)))
      (local.set $z0 (call $luma (call $wide0 (local.get $p))))
      (local.set $z1 (call $luma (call $wide1 (local.get $p))))
      (local.set $cb (call $wide0 (v128.load32_zero (local.get $u))))
      (local.set $cr (call $wide0 (v128.load32_zero (local.get $v))))

      (local.set $t (call $red (local.get $cr)))
      (local.set $t0 (call $left (local.get $t)))
      (local.set $t1 (call $right (local.get $t)))
      (local.set $at (local.get $to))
      (v128.store64_lane 0 (local.get $at)
        (call $bytes (local.get $y0) (local.get $y1) (local.get $t0) (local.get $t1)))
      (v128.store64_lane 0 (i32.add (local.get $at) (local.get $row))
        (call $bytes (local.get $z0) (local.get $z1) (local.get $t0) (local.get $t1)))

      (local.set $t (call $green (local.get $cb) (local.get $cr)))
      (local.set $t0 (call $left (local.get $t)))
      (local.set $t1 (call $right (local.get $t)))
      (local.set $at (i32.add (local.get $at) (local.get $plane)))
      (v128.store64_lane 0 (local.get $at)
        (call $bytes (local.get $y0) (local.get $y1) (local.get $t0) (local.get $t1)))
      (v128.store64_lane 0 (i32.add (local.get $at) (local.get $row))
        (call $bytes (local.get $z0) (local.get $z1) (local.get $t0) (local.get $t1)))

      (local.set $t (call $blue (local.get $cb)))
      (local.set $t0 (call $left (local.get $t)))
      (local.set $t1 (call $right (local.get $t)))
      (local.set $at (i32.add (local.get $at) (local.get $plane)))
      (v128.store64_lane 0 (local.get $at)
        (call $bytes (local.get $y0) (local.get $y1) (local.get $t0) (local.get $t1)))
      (v128.store64_lane 0 (i32.add (local.get $at) (local.get $row))
        (call $bytes (local.get $z0) (local.get $z1) (local.get $t0) (local.get $t1)))

      (local.set $y (i32.add (local.get $y) (i32.const 8)))
      (local.set $z (i32.add (local.get $z) (i32.const 8)))
      (local.set $u (i32.add (local.get $u) (i32.const 4)))
      (local.set $v (i32.add (local.get $v) (i32.const 4)))
      (local.set $to (i32.add (local.get $to) (i32.const 8)))
      (br_if $next (i32.lt_u (local.get $to) (local.get $end)))))

  ;; Three rows from `to` on, `plane` bytes apart, of pixels of three bytes.
  (func (export "splitRow") (param $from i32) (param $to i32) (param $plane i32) (param $width i32)
    (local $end i32) (local $a v128) (local $b v128) (local $c v128)
    (local.set $end (i32.add (local.get $to) (local.get $width)))
    (loop $next
      (local.set $a (v128.load (local.get $from)))
      (local.set $b (v128.load offset=16 (local.get $from)))
      (local.set $c (v128.load offset=32 (local.get $from)))
      (v128.store (local.get $to)
        (i8x16.shuffle 0 1 2 3 4 5 6 7 8 9 10 17 20 23 26 29
          (i8x16.shuffle 0 3 6 9 12 15 18 21 24 27 30 0 0 0 0 0 (local.get $a) (local.get $b))
          (local.get $c)))
      (v128.store (i32.add (local.get $to) (local.get $plane))
        (i8x16.shuffle 0 1 2 3 4 5 6 7 8 9 10 18 21 24 27 30
          (i8x16.shuffle 1 4 7 10 13 16 19 22 25 28 31 0 0 0 0 0 (local.get $a) (local.get $b))
          (local.get $c)))
      (v128.store (i32.add (local.get $to) (i32.shl (local.get $plane) (i32.const 1)))
        (i8x16.shuffle 0 1 2 3 4 5 6 7 8 9 16 19 22 25 28 31
          (i8x16.shuffle 2 5 8 11 14 17 20 23 26 29 0 0 0 0 0 0 (local.get $a) (local.get $b))
          (local.get $c)))
      (local.set $from (i32.add (local.get $from) (i32.const 48)))
      (local.set $to (i32.add (local.get $to) (i32.const 16)))
      (br_if $next (i32.lt_u (local.get $to) (local.get $end)))))

  ;; `count` pixels, at least 16, of the rows `a`, `b`, `c` as pixels of three bytes.
  (func (export "weaveRow") (param $a i32) (param $b i32) (param $c i32) (param $to i32) (param $count i32)
    (local $last i32) (local $step i32) (local $p v128) (local $q v128) (local $r v128)
    (local.set $last (i32.add (local.get $a) (i32.sub (local.get $count) (i32.const 16))))
    (loop $next
      (local.set $p (v128.load (local.get $a)))
      (local.set $q (v128.load (local.get $b)))
      (local.set $r (v128.load (local.get $c)))
      (v128.store (local.get $to)
        (i8x16.shuffle 0 1 16 3 4 17 6 7 18 9 10 19 12 13 20 15
          (i8x16.shuffle 0 16 0 1 17 0 2 18 0 3 19 0 4 20 0 5 (local.get $p) (local.get $q)) (local.get $r)))
      (v128.store offset=16 (local.get $to)
        (i8x16.shuffle 0 21 2 3 22 5 6 23 8 9 24 11 12 25 14 15
          (i8x16.shuffle 21 0 6 22 0 7 23 0 8 24 0 9 25 0 10 26 (local.get $p) (local.get $q)) (local.get $r)))
      (v128.store offset=32 (local.get $to)
        (i8x16.shuffle 26 1 2 27 4 5 28 7 8 29 10 11 30 13 14 31
          (i8x16.shuffle 0 11 27 0 12 28 0 13 29 0 14 30 0 15 31 0 (local.get $p) (local.get $q)) (local.get $r)))
      (if (i32.lt_u (local.get $a) (local.get $last))
        (then
          (local.set $step (call $step (i32.sub (local.get $last) (local.get $a))))
          (local.set $a (i32.add (local.get $a) (local.get $step)))
          (local.set $b (i32.add (local.get $b) (local.get $step)))
          (local.set $c (i32.add (local.get $c) (local.get $step)))
          (local.set $to (i32.add (local.get $to) (i32.mul (local.get $step) (i32.const 3))))
          (br $next)))))

  ;; 16, or less for the last step, which goes over some bytes again: nothing behind a row is written.
  (func $step (param $left i32) (result i32)
    (select (local.get $left) (i32.const 16) (i32.lt_u (local.get $left) (i32.const 16))))

  (func $value (param $p v128) (param $a v128) (param $b v128) (param $c v128) (param $d v128) (result v128)
    (local.set $p (f32x4.convert_i32x4_s (local.get $p)))
    (f32x4.add
      (f32x4.add (f32x4.mul (local.get $p) (local.get $a)) (local.get $b))
      (f32x4.add (f32x4.mul (local.get $p) (local.get $c)) (local.get $d))))

  ;; `count` bytes, at least 16, as floats (p · a + b) + (p · c + d).
  (func (export "floatRow") (param $from i32) (param $to i32) (param $count i32)
    (param $a f32) (param $b f32) (param $c f32) (param $d f32)
    (local $last i32) (local $step i32) (local $p v128)
    (local $va v128) (local $vb v128) (local $vc v128) (local $vd v128)
    (local.set $va (f32x4.splat (local.get $a)))
    (local.set $vb (f32x4.splat (local.get $b)))
    (local.set $vc (f32x4.splat (local.get $c)))
    (local.set $vd (f32x4.splat (local.get $d)))
    (local.set $last (i32.add (local.get $from) (i32.sub (local.get $count) (i32.const 16))))
    (loop $next
      (local.set $p (v128.load (local.get $from)))
      (v128.store (local.get $to) (call $value (call $wide0 (local.get $p))
        (local.get $va) (local.get $vb) (local.get $vc) (local.get $vd)))
      (v128.store offset=16 (local.get $to) (call $value (call $wide1 (local.get $p))
        (local.get $va) (local.get $vb) (local.get $vc) (local.get $vd)))
      (v128.store offset=32 (local.get $to) (call $value (call $wide2 (local.get $p))
        (local.get $va) (local.get $vb) (local.get $vc) (local.get $vd)))
      (v128.store offset=48 (local.get $to) (call $value (call $wide3 (local.get $p))
        (local.get $va) (local.get $vb) (local.get $vc) (local.get $vd)))
      (if (i32.lt_u (local.get $from) (local.get $last))
        (then
          (local.set $step (call $step (i32.sub (local.get $last) (local.get $from))))
          (local.set $from (i32.add (local.get $from) (local.get $step)))
          (local.set $to (i32.add (local.get $to) (i32.shl (local.get $step) (i32.const 2))))
          (br $next)))))
)
