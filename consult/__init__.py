"""Live consultation for Django shops: a widget for visitors, a desk for operators, orders that know their source."""
