from clocked import clocked

from pmsite.wsgi import application as product

application = clocked(product)
