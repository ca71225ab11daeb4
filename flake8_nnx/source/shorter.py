"""Sizes in their short form: `(list(sizes) + [5])[-1]` is `5`, and `a if wide else b if wide else c` is `a if wide else c`."""
from __future__ import annotations

import ast


def shorter(text: str) -> str:
    """An expression without the ends of lists that are written out and without tests that are asked twice; others as they are."""
    if ")[-1]" not in text and "][-1]" not in text and text.count(" if ") < 2:
        return text
    try:
        tree = ast.parse(text, mode="eval")
    except SyntaxError:  # a statement
        return text
    before = ast.dump(tree)
    tree = _Shorter().visit(tree)
    return ast.unparse(tree) if ast.dump(tree) != before else text


class _Shorter(ast.NodeTransformer):
    def visit_Subscript(self, node: ast.Subscript) -> ast.AST:
        self.generic_visit(node)
        listed = node.value
        while isinstance(listed, ast.BinOp) and isinstance(listed.op, ast.Add):
            listed = listed.right
        if ast.unparse(node.slice) != "-1" or not isinstance(listed, (ast.List, ast.Tuple)) or not listed.elts:
            return node
        return node if isinstance(listed.elts[-1], ast.Starred) else listed.elts[-1]

    def visit_IfExp(self, node: ast.IfExp) -> ast.AST:
        self.generic_visit(node)
        inner = node.orelse
        if not isinstance(inner, ast.IfExp) or ast.dump(inner.test) != ast.dump(node.test):
            return node
        node.orelse = inner.orelse
        return node if ast.dump(node.body) != ast.dump(node.orelse) else node.body
