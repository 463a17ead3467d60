package authz

// Decide answers whether a may do act on what s describes.
func (x *Authority) Decide(a Actor, act Action, s Scope) Decision {
	return Decision{Why: "权限表里没有这项操作", Rule: ""}
}
