#include "textflag.h"

// func markBlocks(b []byte, marks []byte) (backslash, high uint64)
// Of each sixteen bytes of b, and of its last sixteen: SSE2 is part of amd64.
TEXT ·markBlocks(SB), NOSPLIT, $0-64
	MOVQ b_base+0(FP), SI
	MOVQ b_len+8(FP), CX
	MOVQ marks_base+24(FP), DI
	MOVQ $0x2222222222222222, AX // "
	MOVQ AX, X14
	PUNPCKLQDQ X14, X14
	MOVQ $0x5c5c5c5c5c5c5c5c, AX // backslash
	MOVQ AX, X15
	PUNPCKLQDQ X15, X15
	PXOR X8, X8 // all bytes
	PXOR X9, X9 // where there are backslashes
	LEAQ -16(SI)(CX*1), DX // the last sixteen bytes
	SUBQ $32, CX
	JLT single

double:
	MOVOU (SI), X0
	MOVOU 16(SI), X1
	MOVO X0, X2
	MOVO X1, X3
	POR X0, X8
	POR X1, X8
	PCMPEQB X14, X2
	PCMPEQB X14, X3
	PMOVMSKB X2, AX
	PMOVMSKB X3, BX
	PCMPEQB X15, X0
	PCMPEQB X15, X1
	POR X0, X9
	POR X1, X9
	SHLL $16, BX
	ORL BX, AX
	MOVL AX, (DI)
	ADDQ $32, SI
	ADDQ $4, DI
	SUBQ $32, CX
	JGE double

single:
	ADDQ $32, CX // 0 to 31 are left
	CMPQ CX, $16
	JLT rest
	MOVOU (SI), X0
	MOVO X0, X2
	POR X0, X8
	PCMPEQB X14, X2
	PMOVMSKB X2, AX
	PCMPEQB X15, X0
	POR X0, X9
	MOVW AX, (DI)
	ADDQ $2, DI
	SUBQ $16, CX

rest:
	MOVOU (DX), X0 // what is left are the last CX of these
	MOVO X0, X2
	POR X0, X8
	PCMPEQB X14, X2
	PMOVMSKB X2, AX
	PCMPEQB X15, X0
	POR X0, X9
	SHLL CX, AX
	SHRL $16, AX
	MOVQ AX, (DI)
	MOVQ $0, 8(DI) // no marks behind them
	PMOVMSKB X9, AX
	MOVQ AX, backslash+48(FP)
	PMOVMSKB X8, AX
	MOVQ AX, high+56(FP)
	RET
